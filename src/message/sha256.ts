import { createHash, type Hash, hash } from 'node:crypto';

/** SHA-256 of octets that come in blocks, which must not be changed afterwards. */
export class Sha256 {
  /** One block alone is hashed in one call, which costs less than the making of a `Hash`. */
  #only: Uint8Array | undefined;
  #hash: Hash | undefined;

  update(block: Uint8Array): void {
    if (block.length === 0) return;
    if (this.#hash === undefined && this.#only === undefined) {
      this.#only = block;
      return;
    }
    this.#hash ??= createHash('sha256').update(this.#only ?? EMPTY);
    this.#only = undefined;
    this.#hash.update(block);
  }

  /** The hash in hexadecimal; once. */
  digest(): string {
    return this.#hash?.digest('hex') ?? sha256(this.#only ?? EMPTY);
  }
}

const EMPTY = new Uint8Array(0);

/** SHA-256 of octets in hexadecimal. */
export function sha256(octets: Uint8Array): string {
  return hash('sha256', octets, 'hex');
}

/** The first octets of that, in hexadecimal: not a part of the whole text, which would stay in memory for it. */
export function sha256Start(octets: Uint8Array, length: number): string {
  return hash('sha256', octets, 'buffer').toString('hex', 0, length);
}
