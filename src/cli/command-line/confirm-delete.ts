/** What `--confirm-delete` does, with `fetch` and with `poll`. */
export const CONFIRM_DELETE_HELP =
  'delete also what the last poll has asked about; where it asked nothing, also far more than ever before';
