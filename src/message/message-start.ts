/** How much of a message its header is looked for in, so that an endless one fills no memory (I7). */
export const START_OCTETS: number = 64 * 1024;

/** How a message begins, in the blocks in which it came. */
export class MessageStart {
  #blocks: Buffer[] = [];
  #octets = 0;

  /** Takes the next block of the message, which must stay as it is. */
  push(block: Buffer): void {
    if (this.#octets >= START_OCTETS) return;
    this.#blocks.push(block);
    this.#octets += block.length;
  }

  /** All of a message that is shorter. */
  whole(): Buffer {
    const [first] = this.#blocks;
    return first !== undefined && this.#blocks.length === 1 ? first : Buffer.concat(this.#blocks);
  }

  /** Lets go of it. */
  clear(): void {
    this.#blocks = [];
  }
}
