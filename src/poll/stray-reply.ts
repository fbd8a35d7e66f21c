import type { Octets } from '../pop3/types.ts';

const BEFORE_OCTETS = 4;
const BEHIND_OCTETS = 16;

/**
 * Looks for the reply to the next command inside a message. A server that does not end a message whose last line has
 * no end of its own runs on into that reply, and where commands are pipelined everything that follows would be taken
 * for something else. The reply stands where the listed size says that the message is over.
 */
export class StrayReply {
  readonly #from: number;
  readonly #until: number;
  #position = 0;
  #edge = '';

  constructor(listed: Octets | undefined) {
    this.#from = listed === undefined ? Number.POSITIVE_INFINITY : Math.max(0, listed - BEFORE_OCTETS);
    this.#until = (listed ?? 0) + BEHIND_OCTETS;
  }

  /** Takes the next octets of the message; true once it holds such a reply. */
  push(block: Buffer): boolean {
    const from = Math.max(0, this.#from - this.#position);
    const until = Math.max(from, this.#until - this.#position);
    this.#position += block.length;
    if (from >= block.length || until === from) return false;
    this.#edge += block.toString('latin1', from, until);
    return /\r\n(?:\+OK|-ERR)[ \r]/.test(this.#edge);
  }
}
