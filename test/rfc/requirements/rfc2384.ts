import { type Rfc, rfc } from '../requirement.ts';

export const rfc2384: Rfc = rfc(2384, 'POP URL scheme', {
  client: [
    [
      'url',
      '8',
      'may',
      'Takes a "pop://" URL, with its user, mechanism, host and port, decoded.',
      'pop3-client/pop-url.ts',
    ],
    [
      'url-no-password',
      '9',
      'MUST NOT',
      'Takes no password out of a URL, and shows none.',
      'pop3-client/pop-url.ts',
    ],
  ],
});
