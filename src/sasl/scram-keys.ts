import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../secret.ts';
import type { ScramHash, ScramKeys } from './exchange.ts';
import { prepared } from './prepare.ts';

const derive = promisify(pbkdf2);

/** What a server announces when it may choose (RFC 7677 §4). */
export const SCRAM_ITERATIONS = 4096;

const DIGEST_OCTETS: Readonly<Record<ScramHash, number>> = { sha1: 20, sha256: 32 };

/** SaltedPassword of RFC 5802 §3. */
export async function saltPassword(
  hash: ScramHash,
  password: Secret,
  { salt, iterations }: Pick<ScramKeys, 'salt' | 'iterations'>,
): Promise<Buffer> {
  const octets = Buffer.from(await prepared(password.reveal()));
  return derive(octets, salt, iterations, DIGEST_OCTETS[hash], hash);
}

/** HMAC (RFC 5802 §2.2). */
export function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}

/** H (RFC 5802 §2.2). */
export function digest(hash: ScramHash, octets: Buffer): Buffer {
  return createHash(hash).update(octets).digest();
}

/** What a server keeps in place of the password (RFC 5802 §3). */
export async function deriveScramKeys(
  hash: ScramHash,
  password: Secret,
  how: Pick<ScramKeys, 'salt' | 'iterations'>,
): Promise<ScramKeys> {
  const salted = await saltPassword(hash, password, how);
  return {
    salt: how.salt,
    iterations: how.iterations,
    storedKey: digest(hash, hmac(hash, salted, 'Client Key')),
    serverKey: hmac(hash, salted, 'Server Key'),
  };
}

/**
 * Keys that no password opens, for a user that there is not. The same at each try, as those of a real user are:
 * `seed` is to be random, secret, and kept as long as the server runs.
 */
export function decoyScramKeys(hash: ScramHash, user: string, seed: Buffer): ScramKeys {
  const part = (what: string): Buffer => hmac('sha256', seed, `${what} ${hash} ${user}`);
  const octets = DIGEST_OCTETS[hash];
  return {
    salt: part('salt').subarray(0, 16),
    iterations: SCRAM_ITERATIONS,
    storedKey: part('stored').subarray(0, octets),
    serverKey: part('server').subarray(0, octets),
  };
}
