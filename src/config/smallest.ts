/** A configuration with nothing in it that could be left out, for who has none yet. */
export const SMALLEST_CONFIGURATION = `accounts:
  home:
    host: pop.example.org
    user: me@example.org
    password: { file: ~/.config/mailferry/password }
    deliver: { type: maildir, path: ~/Mail }
    delete: never
`;
