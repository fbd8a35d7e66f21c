import { type Rfc, rfc } from '../requirement.ts';

export const rfc4616: Rfc = rfc(4616, 'The PLAIN mechanism of SASL', {
  server: [
    [
      'plain-message',
      '2',
      'must',
      'Takes an identity, a name and a password with NULs between them, and nothing else.',
      'sasl/plain.ts',
    ],
    [
      'prepare',
      '2',
      'SHALL',
      'Prepares name and password by SASLprep before it compares them.',
      'pop3-server/users.ts',
    ],
  ],
  client: [
    ['no-nul', '2', 'MUST NOT', 'Sends no name and no password that has a NUL in it.', 'sasl/plain.ts'],
  ],
});

export const rfc5802: Rfc = rfc(5802, 'The SCRAM mechanisms of SASL', {
  server: [
    [
      'channel-binding',
      '6',
      'MUST',
      'Refuses a client that wants a channel binding, since it has none, or an extension that it does not know.',
      'sasl/scram-server.ts',
    ],
    [
      'channel-header',
      '6',
      'MUST',
      'Refuses a client whose header was changed on the way.',
      'sasl/scram-server.ts',
    ],
    ['client-nonce', '5.1', 'MUST', 'Refuses the nonce of another exchange.', 'sasl/scram-server.ts'],
    [
      'no-user-told',
      '9',
      'should',
      'Gives a salt for people who do not exist, the same each time.',
      'sasl/scram-keys.ts',
    ],
  ],
  client: [
    [
      'server-nonce',
      '5.1',
      'MUST',
      'Checks that the nonce of the server begins with its own and adds to it; gives up at an extension that it must understand.',
      'sasl/scram-client.ts',
    ],
    [
      'server-signature',
      '5',
      'MUST',
      'Believes no server that does not prove that it knows the password.',
      'sasl/scram-client.ts',
    ],
    [
      'proof-before-success',
      '5',
      'MUST',
      'Believes no success before that proof.',
      'pop3-client/authenticate.ts',
    ],
    ['optional-extensions', '5.1', 'MUST', 'Passes over other extensions.', 'sasl/scram-client.ts'],
    [
      'name-escaped',
      '5.1',
      'MUST',
      'Writes commas and equals signs of a name as =2C and =3D.',
      'sasl/gs2.ts',
    ],
  ],
});

export const rfc7628: Rfc = rfc(7628, 'The OAUTHBEARER mechanism of SASL', {
  server: [
    [
      'keys-passed-over',
      '3.1',
      'must',
      'Passes over host, port and keys that it does not know.',
      'sasl/oauthbearer.ts',
    ],
    [
      'reason-given',
      '3.2.2',
      'must',
      'Tells in a challenge why a token is refused, and ends the exchange after the answer to it.',
      'sasl/bearer.ts',
    ],
  ],
  client: [
    [
      'bearer-message',
      '3.1',
      'must',
      'Sends the name in the header of GS2, and the token as auth=Bearer between octets 0x01.',
      'sasl/oauthbearer.ts',
    ],
    [
      'farewell',
      '3.2.3',
      'MUST',
      'Answers the reason of a refusal by a single octet 0x01, and waits for -ERR.',
      'sasl/bearer.ts',
    ],
  ],
});
