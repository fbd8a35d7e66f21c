import { type Rfc, rfc } from '../requirement.ts';

export const rfc5034: Rfc = rfc(5034, 'POP3 SASL Authentication', {
  server: [
    ['sasl-after-login', '3', 'MUST', 'Lists SASL after the login as before it.', 'pop3-server/offer.ts'],
    [
      'initial-response',
      '4',
      'MUST',
      'Takes an initial response in base64; "=" stands for an empty one.',
      'pop3-server/authorization.ts',
    ],
    [
      'empty-challenge',
      '4',
      'MUST',
      'Without an initial response sends a plus and a space and nothing else, where the client has to begin.',
      'pop3-server/authorization.ts',
    ],
    [
      'cancel',
      '4',
      'MUST',
      'Takes a lone asterisk as the end of the attempt, and answers -ERR.',
      'pop3-server/authorization.ts',
    ],
    [
      'strict-base64',
      '4',
      'MUST',
      'Refuses what is not base64: foreign characters, wrong padding.',
      'sasl/base64.ts',
    ],
    [
      'unknown-mechanism',
      '4',
      'must',
      'Answers -ERR to a mechanism it does not have.',
      'pop3-server/authorization.ts',
    ],
    [
      'state-after-failure',
      '4',
      'MUST',
      'Is as before after an attempt that failed: another AUTH, USER or QUIT may follow.',
      'pop3-server/authorization.ts',
    ],
    ['auth-once', '4', 'MUST', 'Answers -ERR to AUTH after the login.', 'pop3-server/transaction.ts'],
    [
      'plain-offered',
      '4',
      'MUST',
      'Has PLAIN, and can be told to offer it within TLS only.',
      'pop3-server/offer.ts',
    ],
    [
      'authorization-identity',
      '4',
      'must',
      'Lets nobody act for somebody else.',
      'pop3-server/sasl-login.ts',
    ],
  ],
  client: [
    [
      'auth-announced',
      '3',
      'SHOULD NOT',
      'Sends no AUTH of its own accord where SASL is not announced.',
      'pop3-client/choose-mechanism.ts',
    ],
    [
      'certificate-first',
      '4',
      'MUST',
      'Has checked the certificate before it uses PLAIN.',
      'pop3-client/open-session.ts',
    ],
  ],
});
