import { type Rfc, rfc } from '../requirement.ts';

export const rfc2384: Rfc = rfc(2384, 'POP URL scheme', {
  client: [['url', '3', 'may', 'Takes a "pop://" URL wherever host and port are.', { no: 'not there yet' }]],
});
