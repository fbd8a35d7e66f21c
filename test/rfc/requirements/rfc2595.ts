import { type Rfc, rfc } from '../requirement.ts';

export const rfc2595: Rfc = rfc(2595, 'TLS for POP3', {
  server: [
    [
      'require-tls',
      '2.2',
      'MUST',
      'Can be told to let nobody log in before TLS.',
      'pop3-server/authorization.ts',
    ],
    ['stls', '4', 'must', 'STLS begins TLS after +OK.', 'pop3-server/authorization.ts'],
    [
      'stls-authorization-only',
      '4',
      'must',
      'Knows STLS before the login only.',
      'pop3-server/transaction.ts',
    ],
    [
      'stls-once',
      '4',
      'must',
      'Answers -ERR to STLS where TLS is there already, and does not announce it.',
      'pop3-server/offer.ts',
    ],
    ['stls-forgets', '4', 'MUST', 'Forgets what the client said before TLS.', 'pop3-server/authorization.ts'],
    [
      'stls-no-clear-text',
      '4',
      'must',
      'Never answers clear text that came behind STLS.',
      'pop3-server/client-line.ts',
    ],
    [
      'stls-stays-authorization',
      '4',
      'must',
      'Stays in the AUTHORIZATION state after TLS has begun.',
      'pop3-server/authorization.ts',
    ],
  ],
  client: [
    [
      'refuse-cleartext',
      '2.2',
      'MUST',
      'Refuses to show a password to a line without TLS, unless told to.',
      'pop3-client/choose-mechanism.ts',
    ],
    [
      'check-name',
      '2.4',
      'MUST',
      'Compares the name in the certificate with the name it was told to connect to.',
      'wire/certificate-name.ts',
    ],
    [
      'wildcard',
      '2.4',
      'MAY',
      'Takes * in a certificate for the whole left-most part of a name, and for nothing else.',
      'wire/certificate-name.ts',
    ],
    [
      'stls-needed',
      '4',
      'must',
      'Does not log in where STLS was asked for and is missing or refused.',
      'pop3-client/open-session.ts',
    ],
    [
      'capabilities-dropped',
      '4',
      'MUST',
      'Drops what was announced before TLS, and asks again.',
      'pop3-client/open-session.ts',
    ],
    [
      'injection',
      '4',
      'must',
      'Never takes clear text that came with the response to STLS for a response within TLS.',
      'wire/connection.ts',
    ],
    [
      'plain-within-tls',
      '6',
      'MUST NOT',
      'Does not use PLAIN without TLS, unless told to.',
      'pop3-client/choose-mechanism.ts',
    ],
  ],
});
