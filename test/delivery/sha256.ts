import { createHash } from 'node:crypto';

/** In hexadecimal. */
export function sha256(octets: Buffer | string): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** What it is once each LF becomes CRLF. */
export function withCrlf(octets: Buffer): Buffer {
  return Buffer.from(octets.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
