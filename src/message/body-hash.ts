import { createHash, type Hash } from 'node:crypto';

const MAX_HEADER_OCTETS = 64 * 1024;
const EMPTY_LINE = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/** SHA-256 of what comes after the header of a message, with CRLF as line ends, that comes in blocks. */
export class BodyHash {
  /** Undefined as long as the header is not over. */
  #hash: Hash | undefined;
  #header: Buffer = EMPTY;
  #isTooLong = false;

  update(block: Buffer): void {
    if (this.#hash !== undefined) this.#hash.update(block);
    else if (!this.#isTooLong) this.#lookForEnd(block);
  }

  /** In hexadecimal, once; undefined where there is no body, or none within reach. */
  digest(): string | undefined {
    return this.#hash?.digest('hex');
  }

  #lookForEnd(block: Buffer): void {
    const start = Buffer.concat([this.#header, block]);
    const end = start.indexOf(EMPTY_LINE);
    if (end >= 0) {
      this.#hash = createHash('sha256').update(start.subarray(end + EMPTY_LINE.length));
      this.#header = EMPTY;
    } else {
      this.#header = start;
      this.#isTooLong = start.length > MAX_HEADER_OCTETS;
    }
  }
}
