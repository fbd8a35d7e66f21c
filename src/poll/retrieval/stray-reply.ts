import type { Octets } from '../../pop3/types.ts';

const REPLIES = [Buffer.from('+OK'), Buffer.from('-ERR')] as const;

/** The longest reply, and what stands behind it, less one octet: what may be cut by the end of a block. */
const EDGE_OCTETS = 4;

const EMPTY = Buffer.alloc(0);
const PLUS = 0x2b;
const MINUS = 0x2d;

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
  /** The last octets, where a reply may begin in them. */
  #edge: Buffer = EMPTY;
  #seen = false;

  constructor(listed: Octets | undefined) {
    this.#listed = listed;
  }

  /** Takes the next octets of the message; true once one stands where the message should have been over. */
  push(block: Buffer): boolean {
    const last = Math.max(this.#lastAcross(block), lastReplyIn(block));
    const at = this.#position + last;
    this.#position += block.length;
    this.#edge = edgeOf(block.length < EDGE_OCTETS ? Buffer.concat([this.#edge, block]) : block);
    if (last === NONE) return false;
    this.#seen = true;
    return this.#listed !== undefined && at >= this.#listed - EDGE_OCTETS;
  }

  /** As `lastReplyIn`, for one that begins in the block before. */
  #lastAcross(block: Buffer): number {
    const edge = this.#edge;
    if (edge.length === 0) return NONE;
    return lastReplyIn(Buffer.concat([edge, block.subarray(0, EDGE_OCTETS)])) - edge.length;
  }

  /** Whether a message that ended after so many octets may hold the reply to the next command. */
  mayBeIn(octets: Octets): boolean {
    return this.#seen && octets !== this.#listed;
  }
}

/** Most blocks end with octets with which no reply begins; then there is nothing to remember. */
function edgeOf(block: Buffer): Buffer {
  for (let at = Math.max(0, block.length - EDGE_OCTETS); at < block.length; at += 1) {
    if (block[at] === PLUS || block[at] === MINUS) return block.subarray(at);
  }
  return EMPTY;
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
