import { createHash, type Hash } from 'node:crypto';

import { headerField, identifyingFields } from './header-field.ts';
import { START_OCTETS } from './message-start.ts';
import { withoutMarks } from './readers-fields.ts';

const EMPTY_LINE = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/** By what a message is known though its header has changed; each in hexadecimal. */
export interface BodyHashes {
  /**
   * SHA-256 of what comes after the header, with CRLF as line ends, and of the header's fields by which people tell messages
   * apart: the same for a message into which only other fields were written. Undefined where there is no body, no header
   * within reach, or neither a Message-ID nor a Date, so that others may look the same.
   */
  readonly body: string | undefined;
  /** SHA-256 of all of it but the marks of those who have read it (`withoutMarks`); undefined where there are none. */
  readonly unmarked: string | undefined;
}

/** Works out these hashes of a message that comes in blocks. */
export class BodyHash {
  /** Undefined as long as the header is not over. */
  #body: Hash | undefined;
  #unmarked: Hash | undefined;
  #header: Buffer = EMPTY;
  #isTooLong = false;
  #octets = 0;

  update(block: Buffer): void {
    if (this.#body !== undefined) this.#add(this.#body, block);
    else if (!this.#isTooLong) this.#lookForEnd(block);
  }

  /** Once. */
  digest(): BodyHashes {
    const isOne = ['Message-ID', 'Date'].some((name) => (headerField(this.#header, name) ?? '') !== '');
    const body =
      this.#octets === 0 || !isOne ? undefined : this.#body?.update(identifyingFields(this.#header));
    return { body: body?.digest('hex'), unmarked: this.#unmarked?.digest('hex') };
  }

  #add(body: Hash, octets: Buffer): void {
    body.update(octets);
    this.#unmarked?.update(octets);
    this.#octets += octets.length;
  }

  #lookForEnd(block: Buffer): void {
    const start = Buffer.concat([this.#header, block]);
    const end = start.indexOf(EMPTY_LINE);
    if (end < 0) {
      this.#header = start;
      this.#isTooLong = start.length > START_OCTETS;
      return;
    }
    this.#header = start.subarray(0, end + 2);
    const unmarked = withoutMarks(this.#header);
    if (unmarked !== this.#header) this.#unmarked = createHash('sha256').update(unmarked).update('\r\n');
    this.#body = createHash('sha256');
    this.#add(this.#body, start.subarray(end + EMPTY_LINE.length));
  }
}
