import { createHash, type Hash } from 'node:crypto';

import { identifyingFields } from './header-field.ts';

const MAX_HEADER_OCTETS = 64 * 1024;
const EMPTY_LINE = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/**
 * SHA-256 of what comes after the header of a message, with CRLF as line ends, and of the header's fields by which people tell
 * messages apart: the same for one into which only other fields were written. Of a message that comes in blocks.
 */
export class BodyHash {
  /** Undefined as long as the header is not over. */
  #hash: Hash | undefined;
  #header: Buffer = EMPTY;
  #isTooLong = false;
  #octets = 0;

  update(block: Buffer): void {
    if (this.#hash !== undefined) this.#add(this.#hash, block);
    else if (!this.#isTooLong) this.#lookForEnd(block);
  }

  /** In hexadecimal, once, with what the header says of whose it is; undefined where there is no body, or none within reach. */
  digest(): string | undefined {
    if (this.#octets === 0) return undefined;
    return this.#hash?.update(identifyingFields(this.#header)).digest('hex');
  }

  #add(hash: Hash, octets: Buffer): void {
    hash.update(octets);
    this.#octets += octets.length;
  }

  #lookForEnd(block: Buffer): void {
    const start = Buffer.concat([this.#header, block]);
    const end = start.indexOf(EMPTY_LINE);
    if (end >= 0) {
      this.#hash = createHash('sha256');
      this.#add(this.#hash, start.subarray(end + EMPTY_LINE.length));
      this.#header = start.subarray(0, end);
    } else {
      this.#header = start;
      this.#isTooLong = start.length > MAX_HEADER_OCTETS;
    }
  }
}
