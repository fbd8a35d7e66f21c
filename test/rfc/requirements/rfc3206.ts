import { type Rfc, rfc } from '../requirement.ts';

export const rfc3206: Rfc = rfc(3206, 'The SYS and AUTH response codes', {
  server: [
    ['announced', '3', 'SHOULD', 'Announces AUTH-RESP-CODE.', 'pop3-server/offer.ts'],
    [
      'auth-code',
      '4',
      'must',
      'Says AUTH where name or password are wrong, for any way to log in, and not in response to USER.',
      'pop3-server/authorization.ts',
    ],
    [
      'sys-temp',
      '4',
      'must',
      'Says SYS/TEMP where a fault of its own will pass.',
      'pop3-server/authorization.ts',
    ],
    [
      'sys-perm',
      '4',
      'must',
      'Says SYS/PERM where a fault of its own needs somebody to mend it.',
      'pop3-server/authorization.ts',
    ],
  ],
  client: [
    ['sys-temp-later', '4', 'should', 'Takes SYS/TEMP for "try later".', 'pop3-client/errors.ts'],
    [
      'sys-perm-human',
      '4',
      'should',
      'Tells people of SYS/PERM, as it will not pass.',
      'pop3-client/errors.ts',
    ],
    [
      'auth-human',
      '4',
      'should',
      'Takes AUTH for wrong credentials, and tells people.',
      'pop3-client/errors.ts',
    ],
  ],
});
