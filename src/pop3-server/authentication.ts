import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';
import type { Maildrop } from './maildrop.ts';

/** What a client says to prove who it is, as octets: names and passwords are UTF-8 on the wire. */
export interface Credentials {
  readonly user: Buffer;
  readonly password: Buffer;
}

interface Account {
  readonly passwordDigest: Buffer;
  readonly maildrop: Maildrop;
}

const NOBODY = digestOf(Buffer.alloc(0));

/** Who may log in. Neither the reply nor the time it takes tells whether a user exists. */
export class Users {
  readonly #accounts = new Map<string, Account>();

  add(user: string, password: Secret | string, maildrop: Maildrop): void {
    const text = typeof password === 'string' ? password : password.reveal();
    this.#accounts.set(user, { passwordDigest: digestOf(Buffer.from(text)), maildrop });
  }

  /** The maildrop that the credentials open, or undefined. */
  verify({ user, password }: Credentials): Maildrop | undefined {
    const account = this.#accounts.get(user.toString('utf8'));
    const matches = timingSafeEqual(digestOf(password), account?.passwordDigest ?? NOBODY);
    return matches ? account?.maildrop : undefined;
  }
}

/** Digests have one length, so comparing them does not tell the length of the password. */
function digestOf(octets: Buffer): Buffer {
  return createHash('sha256').update(octets).digest();
}

/**
 * Reads a SASL PLAIN response (RFC 4616 §2) in the base64 of RFC 5034 §4; undefined when it is not one. A client
 * may act for nobody but itself, so an authorization identity must be empty or equal the user.
 */
export function parsePlainResponse(base64: string): Credentials | undefined {
  const octets = decodeBase64(base64);
  if (octets === undefined) return undefined;
  const first = octets.indexOf(0);
  const second = octets.indexOf(0, first + 1);
  if (first < 0 || second < 0 || octets.indexOf(0, second + 1) >= 0) return undefined;
  const user = octets.subarray(first + 1, second);
  if (first > 0 && !octets.subarray(0, first).equals(user)) return undefined;
  return { user, password: octets.subarray(second + 1) };
}

/** Strict where Node is lenient: padding as RFC 4648 §4 has it, no foreign characters; `=` is nothing at all. */
function decodeBase64(text: string): Buffer | undefined {
  if (text === '=') return Buffer.alloc(0);
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}
