import { MailError } from '../errors.ts';
import type { Poll } from './poll.ts';

/**
 * Makes sure that a poll ends (I7): each of its sessions has to lead to something new. After one that does not, what was put
 * off gets its turn; after two in a row the poll is over.
 */
export class Progress {
  readonly #poll: Poll;
  #before: string;

  constructor(poll: Poll) {
    this.#poll = poll;
    this.#before = this.#measure();
  }

  /** Called between two sessions. Raises `protocol` after the second one in vain. */
  check(): void {
    const { account, stalled } = this.#poll;
    const now = this.#measure();
    const isNew = now !== this.#before;
    if (!isNew && stalled) {
      throw new MailError('protocol', `The sessions with ${account.host} lead to nothing new.`, {
        hint: 'What is safe stays safe. If it happens again, look at the log of a poll with --log-level trace.',
      });
    }
    this.#before = now;
    this.#poll.stalled = !isNew;
  }

  #measure(): string {
    const { tally, retrieved, gone, framing } = this.#poll;
    return [tally.fetched, gone.size, retrieved.size, framing.size].join();
  }
}
