import type { Octets } from '../../pop3/types.ts';

const REPLIES = [Buffer.from('+OK'), Buffer.from('-ERR')] as const;

/** The longest reply, and what stands behind it, less one octet: what may be cut by the end of a block. */
const EDGE_OCTETS = 4;

const NONE = Number.NEGATIVE_INFINITY;

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
    const edge = this.#edge;
    const across = lastReplyIn(Buffer.concat([edge, block.subarray(0, EDGE_OCTETS)])) - edge.length;
    const last = Math.max(across, lastReplyIn(block));
    const at = this.#position + last;
    this.#position += block.length;
    this.#edge =
      block.length < EDGE_OCTETS
        ? Buffer.concat([edge, block]).subarray(-EDGE_OCTETS)
        : block.subarray(-EDGE_OCTETS);
    if (last === NONE) return false;
    this.#seen = true;
    return this.#listed !== undefined && at >= this.#listed - EDGE_OCTETS;
  }

  /** Whether a message that ended after so many octets may hold the reply to the next command. */
  mayBeIn(octets: Octets): boolean {
    return this.#seen && octets !== this.#listed;
  }
}

/** Where the last whole one begins; `NONE` where there is none. */
function lastReplyIn(data: Buffer): number {
  let last = NONE;
  for (const reply of REPLIES) {
    for (let at = data.indexOf(reply); at >= 0; at = data.indexOf(reply, at + 1)) {
      if (BEHIND.has(data[at + reply.length])) last = Math.max(last, at);
    }
  }
  return last;
}
