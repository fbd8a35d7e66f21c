import { type Rfc, rfc } from '../requirement.ts';

export const rfc6856: Rfc = rfc(6856, 'POP3 support for UTF-8', {
  server: [
    [
      'utf8',
      '2.1',
      'must',
      'Knows UTF8 before the login only, and announces it.',
      'pop3-server/authorization.ts',
    ],
    [
      'utf8-refused',
      '2.1',
      'MUST',
      'Refuses a message with UTF-8 in its header, with the code UTF8, to a client that has not said UTF8.',
      {
        partly: 'with the option "utf8: strict"; else every message goes out as it is',
        code: 'pop3-server/transaction.ts',
      },
    ],
    ['utf8-user', '2.2', 'MUST', 'Takes names and passwords in UTF-8.', 'pop3-server/authorization.ts'],
    [
      'utf8-invalid',
      '2.2',
      'MUST',
      'Refuses a name or password that is no UTF-8.',
      'pop3-server/authorization.ts',
    ],
    [
      'saslprep',
      '2.2',
      'SHOULD',
      'Compares names and passwords as SASLprep makes them.',
      'pop3-server/users.ts',
    ],
    [
      'apop-saslprep',
      '2.2',
      'MUST',
      'Makes the digest of APOP of name and password as SASLprep makes them.',
      'pop3-server/users.ts',
    ],
    [
      'size-as-sent',
      '2.1',
      'SHOULD',
      'Lists the size of a message as RETR sends it, without the doubled dots.',
      'pop3-server/transaction.ts',
    ],
    ['lang', '3', 'may', 'Knows LANG.', 'pop3-server/language.ts'],
  ],
  client: [
    [
      'utf8-asked',
      '2.1',
      'may',
      'Asks for UTF8 where it is announced, before the login and after STLS.',
      'pop3-client/open-session.ts',
    ],
    ['no-stls-after-utf8', '2.1', 'MUST NOT', 'Asks for no STLS after UTF8.', 'pop3-client/open-session.ts'],
    [
      'utf8-login',
      '2.2',
      'may',
      'Sends names and passwords that are not ASCII in UTF-8.',
      'pop3-client/authorization.ts',
    ],
    [
      'apop-prepared',
      '2.2',
      'MUST',
      'Makes the digest of APOP of name and password as SASLprep makes them, and sends the name so.',
      'pop3-client/authorization.ts',
    ],
    [
      'utf8-user-announced',
      '2.2',
      'MUST NOT',
      'Sends nothing but ASCII by USER and PASS where the server does not announce UTF8 USER.',
      {
        partly:
          'sends UTF-8 where the server has no SASL, as most such servers take it and do not say so; a refusal is explained by it',
        code: 'pop3-client/authorization.ts',
      },
    ],
    [
      'client-lang',
      '3',
      'may',
      'Asks for a language where it was told one, and shows replies as the UTF-8 that they are.',
      'pop3-client/authorization.ts',
    ],
  ],
});
