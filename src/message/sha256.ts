import { createHash, type Hash, hash } from 'node:crypto';

/** Up to so many octets are hashed in one call, which costs a small message less than the making of a `Hash`. */
const HELD_OCTETS = 64 * 1024;

/** SHA-256 of octets that come in blocks, which must not be changed afterwards. */
export class Sha256 {
  #held: Uint8Array[] = [];
  #octets = 0;
  #hash: Hash | undefined;

  update(block: Uint8Array): void {
    this.#octets += block.length;
    if (this.#hash === undefined && this.#octets <= HELD_OCTETS) {
      this.#held.push(block);
      return;
    }
    this.#hash ??= this.#begun();
    this.#hash.update(block);
  }

  /** The hash in hexadecimal; once. */
  digest(): string {
    if (this.#hash !== undefined) return this.#hash.digest('hex');
    const [first, ...more] = this.#held;
    return sha256(first !== undefined && more.length === 0 ? first : Buffer.concat(this.#held));
  }

  #begun(): Hash {
    const begun = createHash('sha256');
    for (const block of this.#held) begun.update(block);
    this.#held = [];
    return begun;
  }
}

/** SHA-256 of octets in hexadecimal. */
export function sha256(octets: Uint8Array): string {
  return hash('sha256', octets, 'hex');
}
