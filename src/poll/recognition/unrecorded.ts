import type { MessageNumber } from '../../pop3/types.ts';
import type { ListedMessage, Listing } from '../listing.ts';

/** Listed messages that no record says anything of, by the tags that they would have in a destination. */
export class Unrecorded implements Iterable<readonly [string, ListedMessage]> {
  readonly #listing: Listing;
  readonly #numbers = new Map<string, MessageNumber>();

  constructor(listing: Listing) {
    this.#listing = listing;
  }

  /** A number that is not listed stands for a message that was, under it. */
  add(tag: string, number: MessageNumber): void {
    this.#numbers.set(tag, number);
  }

  has(tag: string): boolean {
    return this.#numbers.has(tag);
  }

  /** The listed message that would have this tag. */
  get(tag: string): ListedMessage | undefined {
    const number = this.#numbers.get(tag);
    return number === undefined ? undefined : this.#listing.messages.numbered(number);
  }

  *[Symbol.iterator](): Iterator<readonly [string, ListedMessage]> {
    for (const [tag, number] of this.#numbers) {
      const message = this.#listing.messages.numbered(number);
      if (message !== undefined) yield [tag, message];
    }
  }
}
