import { createHash } from 'node:crypto';

/** In hexadecimal. */
export function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
