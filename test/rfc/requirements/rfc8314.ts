import { type Rfc, rfc } from '../requirement.ts';

export const rfc8314: Rfc = rfc(8314, 'Cleartext considered obsolete', {
  server: [
    [
      'implicit-tls',
      '3.3',
      'should',
      'Speaks TLS from the first octet on a port of its own.',
      'pop3-server/server.ts',
    ],
    ['tls-version', '4.1', 'MUST', 'Speaks TLS 1.2 or newer.', 'pop3-server/wrap-tls.ts'],
    [
      'no-oracle',
      '4.1',
      'MUST NOT',
      'Where TLS is required, says nothing in clear text about whether name and password are right.',
      'pop3-server/authorization.ts',
    ],
  ],
  client: [
    [
      'implicit-default',
      '3.3',
      'MUST',
      'Uses TLS from the first octet, port 995, unless told otherwise.',
      'pop3-client/options.ts',
    ],
    ['client-tls-version', '4.1', 'MUST', 'Speaks TLS 1.2 or newer, whatever is configured.', 'wire/dial.ts'],
    [
      'certificate-checked',
      '5.2',
      'MUST',
      'Checks chain, time and name of the certificate at every connection; nothing can switch that off.',
      'wire/dial.ts',
    ],
    [
      'own-certificate',
      '5.5',
      'MUST NOT',
      'Shows a certificate of its own only where one is configured for the account.',
      'wire/tls.ts',
    ],
    [
      'pin-of-account',
      '5.4',
      'MUST NOT',
      'Uses a pin for the account that it is configured for, and for no other.',
      'wire/tls.ts',
    ],
    [
      'no-secret-before-tls',
      '5.1',
      'MUST NOT',
      'Shows no credentials to a line that does not have the TLS that is configured.',
      'pop3-client/open-session.ts',
    ],
  ],
});
