import type { Replies } from './replies.ts';

/** Counts the commands in a row that made no sense, and says when a client has sent too many of them (I7). */
export class Patience {
  readonly #replies: Replies;
  readonly #most: number;
  #refused = 0;

  constructor(replies: Replies, most: number) {
    this.#replies = replies;
    this.#most = most;
  }

  /** Refuses such a command; gives `state`, in which the session stays, or undefined when it is over. */
  async refuse<S>(text: string, state: S): Promise<S | undefined> {
    this.#refused += 1;
    if (this.#refused < this.#most) {
      await this.#replies.error(text);
      return state;
    }
    await this.#replies.error('Too many bad commands.');
    return undefined;
  }

  /** Has `perform` answer a command; unless it refuses it here, the count begins anew. */
  async during<S>(perform: () => Promise<S>): Promise<S> {
    const before = this.#refused;
    const next = await perform();
    if (this.#refused === before) this.#refused = 0;
    return next;
  }
}
