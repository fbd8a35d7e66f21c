import { createHash } from 'node:crypto';
import type { Runtime } from '../runtime.ts';
import type { Secret } from '../secret.ts';

const MAX_TIMESTAMP_OCTETS = 256;

/**
 * The timestamp of a greeting (RFC 1939 §7), with its angle brackets: a msg-id (RFC 5322 §3.6.4) in printable ASCII
 * with exactly one `@`. Undefined for anything else: octets chosen for a collision of MD5, which would give the
 * password away letter by letter (CVE-2007-1558), do not have that form. Takes time linear in the greeting.
 */
export function apopTimestamp(greeting: string): string | undefined {
  const start = greeting.indexOf('<');
  const end = greeting.indexOf('>', start);
  if (start < 0 || end < 0 || end - start >= MAX_TIMESTAMP_OCTETS) return undefined;
  const timestamp = greeting.slice(start, end + 1);
  const [left, right, ...more] = timestamp.slice(1, -1).split('@');
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  if (!/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+$/.test(left)) return undefined;
  return /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|\[[A-Za-z0-9.:]+\])$/.test(right) ? timestamp : undefined;
}

/** The digest of APOP (RFC 1939 §7): MD5 over timestamp and password, in lower-case hexadecimal. */
export function apopDigest(timestamp: string, password: Secret): string {
  return createHash('md5').update(timestamp).update(Buffer.from(password.reveal())).digest('hex');
}

/**
 * A timestamp that never comes twice and always has the same length, in the one form that every client understands:
 * `<digits.digits@host>`.
 */
export function newApopTimestamp(runtime: ApopClock): string {
  const host = runtime.hostName.replace(/[^A-Za-z0-9.-]/g, '-') || 'localhost';
  const number = BigInt(`0x${runtime.randomHex(8)}`)
    .toString()
    .padStart(20, '0');
  return `<${number}.${runtime.now()}@${host}>`;
}

/** What a timestamp is made of. */
export type ApopClock = Pick<Runtime, 'now' | 'randomHex' | 'hostName'>;
