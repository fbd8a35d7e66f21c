import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';
import { decodeBase64 } from './base64.ts';
import {
  assertWithout,
  type ClientExchange,
  type ClientMeans,
  type ScramHash,
  textOf,
  unusableChallenge,
} from './exchange.ts';
import { escapeName } from './gs2.ts';
import { MAX_ITERATIONS, MIN_ITERATIONS } from './limits.ts';
import { prepared } from './prepare.ts';
import { digest, hmac, saltPassword } from './scram-keys.ts';

/** The client has no channel binding, and acts for itself (RFC 5802 §7). */
const GS2_HEADER = 'n,,';

const NONCE_OCTETS = 18;

const NAMES: Readonly<Record<ScramHash, string>> = { sha1: 'SCRAM-SHA-1', sha256: 'SCRAM-SHA-256' };

/**
 * SCRAM (RFC 5802, RFC 7677): the password does not cross the line, a guess costs thousands of rounds, and the server
 * must prove that it knows the password too.
 */
export async function scramClient(
  hash: ScramHash,
  { user, secret, runtime }: ClientMeans,
): Promise<ClientExchange> {
  assertWithout(/\0/, user);
  const name = escapeName(await prepared(user));
  return new ScramClient(hash, secret, `n=${name},r=${runtime.randomHex(NONCE_OCTETS)}`);
}

class ScramClient implements ClientExchange {
  readonly initial: Buffer;
  readonly #hash: ScramHash;
  readonly #secret: Secret;
  readonly #first: string;
  #step: 'first' | 'final' | 'over' = 'first';
  #serverSignature: Buffer | undefined;
  #verified = false;
  #refusal: string | undefined;

  constructor(hash: ScramHash, secret: Secret, first: string) {
    this.#hash = hash;
    this.#secret = secret;
    this.#first = first;
    this.initial = Buffer.from(GS2_HEADER + first);
  }

  get complete(): boolean {
    return this.#verified;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  async respond(challenge: Buffer): Promise<Buffer> {
    const message = textOf(challenge);
    if (message === undefined) throw this.#unusable('sent what is not UTF-8');
    if (this.#step === 'first') return this.#answerFirst(message);
    if (this.#step === 'final') return this.#answerFinal(message);
    throw this.#unusable('asked for more than there is');
  }

  /** The nonce must go on from ours, and the work must be neither too little to protect nor endless (I7). */
  async #answerFirst(message: string): Promise<Buffer> {
    const [, nonce = '', salt64 = '', digits = ''] =
      /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,8})(?:,.*)?$/s.exec(message) ?? [];
    const ownNonce = this.#first.slice(this.#first.lastIndexOf(',r=') + 3);
    const salt = decodeBase64(salt64);
    if (salt === undefined || salt.length === 0)
      throw this.#unusable('sent a first message that makes no sense');
    if (!nonce.startsWith(ownNonce) || nonce.length === ownNonce.length) {
      throw this.#unusable('did not go on from the nonce that it was given');
    }
    const iterations = Number(digits);
    if (iterations < MIN_ITERATIONS)
      throw this.#unusable(`asks for so few rounds (${iterations}) that they do not protect the password`);
    if (iterations > MAX_ITERATIONS) throw this.#unusable(`asks for too many rounds (${iterations})`);
    this.#step = 'final';
    const salted = await saltPassword(this.#hash, this.#secret, { salt, iterations });
    const clientKey = hmac(this.#hash, salted, 'Client Key');
    const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${nonce}`;
    const signed = `${this.#first},${message},${withoutProof}`;
    const signature = hmac(this.#hash, digest(this.#hash, clientKey), signed);
    this.#serverSignature = hmac(this.#hash, hmac(this.#hash, salted, 'Server Key'), signed);
    return Buffer.from(`${withoutProof},p=${xor(clientKey, signature).toString('base64')}`);
  }

  #answerFinal(message: string): Buffer {
    this.#step = 'over';
    const [, attribute, value = ''] = /^([ve])=([^,]*)(?:,.*)?$/s.exec(message) ?? [];
    if (attribute === 'e') {
      this.#refusal = value;
      return Buffer.alloc(0);
    }
    const signature = attribute === 'v' ? decodeBase64(value) : undefined;
    const expected = this.#serverSignature;
    if (
      signature === undefined ||
      expected === undefined ||
      signature.length !== expected.length ||
      !timingSafeEqual(signature, expected)
    ) {
      throw this.#unusable('did not prove that it knows the password');
    }
    this.#verified = true;
    return Buffer.alloc(0);
  }

  #unusable(what: string): Error {
    return unusableChallenge(NAMES[this.#hash], what);
  }
}

/** Both have the length of a digest. */
export function xor(one: Buffer, other: Buffer): Buffer {
  // oxlint-disable-next-line no-bitwise -- that is what it is
  return Buffer.from(one.map((octet, index) => octet ^ (other[index] ?? 0)));
}
