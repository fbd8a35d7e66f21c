import type { Octets } from '../../pop3/types.ts';

const REPLIES = [Buffer.from('+OK'), Buffer.from('-ERR')] as const;

/** The longest reply, and what stands behind it, less one octet: what may be cut by the end of a block. */
const EDGE_OCTETS = 4;

const BEHIND: ReadonlySet<number | undefined> = new Set([0x20, 0x0d, 0x0a]);

/**
 * Looks for what may be the reply to the next command inside a message. A server that does not end a message runs on
 * into that reply, and where commands are pipelined everything that follows would be taken for something else. Mail
 * may speak of replies too: where it stands and how long the message is tell most of them apart; for the others the
 * message must be asked for alone.
 */
export class StrayReply {
  readonly #listed: Octets | undefined;
  #position = 0;
  #edge: Buffer = Buffer.alloc(0);
  #seen = false;

  constructor(listed: Octets | undefined) {
    this.#listed = listed;
  }

  /** Takes the next octets of the message; true once one stands where the message should have been over. */
  push(block: Buffer): boolean {
    const data = this.#edge.length === 0 ? block : Buffer.concat([this.#edge, block]);
    const last = this.#lastIn(data);
    const at = this.#position + last;
    this.#edge = data.subarray(Math.max(0, data.length - EDGE_OCTETS));
    this.#position += data.length - this.#edge.length;
    if (last < 0) return false;
    this.#seen = true;
    return this.#listed !== undefined && at >= this.#listed - EDGE_OCTETS;
  }

  /** Whether a message that ended after so many octets may hold the reply to the next command. */
  mayBeIn(octets: Octets): boolean {
    return this.#seen && octets !== this.#listed;
  }

  #lastIn(data: Buffer): number {
    let last = -1;
    for (const reply of REPLIES) {
      for (let at = data.indexOf(reply); at >= 0; at = data.indexOf(reply, at + 1)) {
        if (BEHIND.has(data[at + reply.length])) last = Math.max(last, at);
      }
    }
    return last;
  }
}
