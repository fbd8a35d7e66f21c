import { timingSafeEqual } from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import {
  EMPTY_CHALLENGE,
  MALFORMED,
  type ScramHash,
  type ScramKeys,
  type ServerExchange,
  type ServerMeans,
  type ServerStep,
  textOf,
  verdict,
  WRONG_CREDENTIALS,
} from './exchange.ts';
import { parseGs2Header, unescapeName } from './gs2.ts';
import { prepared } from './prepare.ts';
import { xor } from './scram-client.ts';
import { digest, hmac } from './scram-keys.ts';

const NONCE_OCTETS = 18;

/** SCRAM on the server (RFC 5802 §5, RFC 7677). */
export function scramServer(hash: ScramHash, means: ServerMeans): ServerExchange {
  return new ScramServer(hash, means);
}

interface Opening {
  readonly user: string;
  readonly keys: ScramKeys;
  readonly nonce: string;
  /** What the client must repeat of its header, in base64. */
  readonly channel: string;
  /** Both first messages, as they are signed. */
  readonly messages: string;
}

class ScramServer implements ServerExchange {
  readonly #hash: ScramHash;
  readonly #means: ServerMeans;
  #opening: Opening | undefined;
  #proven: string | undefined;

  constructor(hash: ScramHash, means: ServerMeans) {
    this.#hash = hash;
    this.#means = means;
  }

  async respond(response: Buffer | undefined): Promise<ServerStep> {
    if (response === undefined) return EMPTY_CHALLENGE;
    // The proof of the server was the last challenge; what a client says to it is nothing (RFC 4422 §3.1).
    if (this.#proven !== undefined) return response.length === 0 ? verdict(this.#proven, true) : MALFORMED;
    const message = textOf(response);
    if (message === undefined) return MALFORMED;
    return this.#opening === undefined ? this.#open(message) : this.#close(message, this.#opening);
  }

  async #open(message: string): Promise<ServerStep> {
    const header = parseGs2Header(message);
    const bare = header?.rest ?? '';
    const [, name = '', clientNonce] = /^n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?$/s.exec(bare) ?? [];
    const written = unescapeName(name);
    if (header === undefined || written === undefined || clientNonce === undefined) return MALFORMED;
    const user = await prepared(written);
    if (header.identity !== undefined && header.identity !== written) return WRONG_CREDENTIALS;
    const keys = await this.#means.scramKeysOf(this.#hash, user);
    const nonce = clientNonce + this.#means.runtime.randomHex(NONCE_OCTETS);
    const challenge = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`;
    const channel = Buffer.from(header.header).toString('base64');
    this.#opening = { user, keys, nonce, channel, messages: `${bare},${challenge}` };
    return { kind: 'challenge', challenge: Buffer.from(challenge) };
  }

  #close(message: string, { user, keys, nonce, channel, messages }: Opening): ServerStep {
    const [, withoutProof, channel64, finalNonce, proof64 = ''] =
      /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^,]*)*?),p=([A-Za-z0-9+/=]+)$/s.exec(message) ??
      [];
    const proof = decodeBase64(proof64);
    if (withoutProof === undefined || proof?.length !== keys.storedKey.length) return MALFORMED;
    if (channel64 !== channel || finalNonce !== nonce) return WRONG_CREDENTIALS;
    const signed = `${messages},${withoutProof}`;
    const clientKey = xor(proof, hmac(this.#hash, keys.storedKey, signed));
    if (!timingSafeEqual(digest(this.#hash, clientKey), keys.storedKey)) return WRONG_CREDENTIALS;
    this.#proven = user;
    const signature = hmac(this.#hash, keys.serverKey, signed).toString('base64');
    return { kind: 'challenge', challenge: Buffer.from(`v=${signature}`) };
  }
}
