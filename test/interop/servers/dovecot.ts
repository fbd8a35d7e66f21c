import type { ServerFacts } from './kind.ts';

export const DOVECOT: ServerFacts = {
  title: 'Dovecot 2.3',
  debianPackage: 'dovecot-pop3d',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: ['user-pass', 'apop', 'plain', 'login', 'cram-md5', 'scram-sha-1', 'scram-sha-256'],
  holds: {
    fits: (message) => !/^\.\r?\n/.test(message.toString('latin1')),
    why: 'a message whose first line is a single dot seems to end there, since the first octet is not byte-stuffed',
  },
  quirks: [
    'Does not byte-stuff the first octet of a message. One that begins with a line of a single dot seems to end there: ' +
      'it is not accepted, stays on the server and is reported; its neighbours are carried.',
    'Lists two octets too few for a message without a final line end: sizes are hints.',
    'Announces a capability named CAPA: unknown ones mean nothing.',
    'Lets two sessions into one maildrop, unless `pop3_lock_session` is set; then it answers IN-USE after ten seconds.',
  ],
};

/** The rules of the RFCs that Dovecot breaks, by the names of the tests. */
export const DOVECOT_DEVIATIONS: Readonly<Record<string, string>> = {
  'a second session is refused with IN-USE while the first has the maildrop, and let in afterwards':
    'it hangs up after it has said IN-USE',
  'CAPA is answered before and after the login; what belongs to the login stays listed':
    'it lists neither USER nor SASL after the login',
  'USER before STLS counts no more within TLS': 'it remembers the name',
};
