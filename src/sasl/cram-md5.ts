import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';
import {
  assertWithout,
  type ClientExchange,
  type ClientMeans,
  MALFORMED,
  type ServerExchange,
  type ServerMeans,
  textOf,
  unusableChallenge,
  verdict,
} from './exchange.ts';

/**
 * CRAM-MD5 (RFC 2195): the password is the key of a digest over the challenge. It does not cross the line, but who
 * listens can try passwords on what does, as fast as MD5 is.
 */
export function cramMd5Client({ user, secret }: ClientMeans): ClientExchange {
  // A name is all that stands before the last space.
  assertWithout(/[\0\r\n]/, user);
  return new CramMd5Client(user, secret);
}

class CramMd5Client implements ClientExchange {
  readonly initial = undefined;
  readonly refusal = undefined;
  readonly #user: string;
  readonly #secret: Secret;
  #complete = false;

  constructor(user: string, secret: Secret) {
    this.#user = user;
    this.#secret = secret;
  }

  get complete(): boolean {
    return this.#complete;
  }

  respond(challenge: Buffer): Buffer {
    if (this.#complete) throw unusableChallenge('CRAM-MD5', 'asked twice');
    if (challenge.length === 0) throw unusableChallenge('CRAM-MD5', 'gave no challenge');
    this.#complete = true;
    return Buffer.from(`${this.#user} ${digestOf(challenge, this.#secret.reveal())}`);
  }
}

/** The server's side (RFC 2195 §2): a challenge that never comes twice, and the digest that only the password gives. */
export function cramMd5Server(means: ServerMeans): ServerExchange {
  const { runtime } = means;
  const stamp = `<${BigInt(`0x${runtime.randomHex(12)}`)}.${runtime.now()}@${runtime.hostName}>`;
  const challenge = Buffer.from(stamp);
  let asked = false;
  return {
    respond: async (response) => {
      if (!asked) {
        asked = true;
        // The server begins, so that an initial response is none of this mechanism (RFC 5034 §4).
        return response === undefined ? { kind: 'challenge', challenge } : MALFORMED;
      }
      const parts = /^(.+) ([0-9a-f]{32})$/s.exec(textOf(response ?? Buffer.alloc(0)) ?? '');
      const [, user, digest] = parts ?? [];
      if (user === undefined || digest === undefined) return MALFORMED;
      const password = await means.passwordOf(user);
      const right = digestOf(challenge, password?.reveal() ?? '');
      return verdict(
        user,
        timingSafeEqual(Buffer.from(digest), Buffer.from(right)) && password !== undefined,
      );
    },
  };
}

function digestOf(challenge: Buffer, password: string): string {
  return createHmac('md5', Buffer.from(password)).update(challenge).digest('hex');
}
