/** What `--confirm-delete` does, with `fetch` and with `poll`. */
export const CONFIRM_DELETE_HELP =
  'delete even what is far more than ever before, or came shorter than listed';
