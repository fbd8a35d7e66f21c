import type { MessageNumber, UniqueId } from '../../pop3/types.ts';
import { tagFor } from '../identity.ts';
import { MOVED_UP_MESSAGES } from '../limits.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import { hasFailed } from '../record-state.ts';

/**
 * Listed messages that no record says anything of, by the tags that they would have in a destination. The tags are worked out
 * when the first one is asked for: where nothing bears any, as on the first poll of an account, nobody does.
 */
export class Unrecorded implements Iterable<readonly [string, ListedMessage]> {
  readonly #listing: Listing;
  readonly #account: string;
  readonly #numbers: readonly MessageNumber[];
  #byTag: ReadonlyMap<string, MessageNumber> | undefined;

  /** A number that is not listed stands for a message that was, under it. */
  constructor(listing: Listing, account: string, numbers: readonly MessageNumber[]) {
    this.#listing = listing;
    this.#account = account;
    this.#numbers = numbers;
  }

  has(tag: string): boolean {
    return this.#tagged.has(tag);
  }

  /** The listed message that would have this tag. */
  get(tag: string): ListedMessage | undefined {
    const number = this.#tagged.get(tag);
    return number === undefined ? undefined : this.#listing.messages.numbered(number);
  }

  *[Symbol.iterator](): Iterator<readonly [string, ListedMessage]> {
    for (const [tag, number] of this.#tagged) {
      const message = this.#listing.messages.numbered(number);
      if (message !== undefined) yield [tag, message];
    }
  }

  get #tagged(): ReadonlyMap<string, MessageNumber> {
    return (this.#byTag ??= new Map(this.#numbers.map((number) => [this.#tagOf(number), number])));
  }

  #tagOf(number: MessageNumber): string {
    const uid = this.#listing.messages.numbered(number)?.uid ?? (String(number) as UniqueId);
    return tagFor({ account: this.#account, uid, occurrence: 0 });
  }
}

/** What is listed and not recorded, and under numbers what may have been listed before, and has moved up since. */
export function unrecordedOf(
  listing: Listing,
  { ledger, account }: Pick<Poll, 'ledger' | 'account'>,
): Unrecorded {
  const known = ledger.withUniqueIds(uniqueIdsOf(listing));
  const numbers: MessageNumber[] = [];
  for (const { uid, number } of namesOf(listing)) {
    if (known.get(uid)?.some((one) => !hasFailed(one)) !== true) numbers.push(number);
  }
  return new Unrecorded(listing, account.name, numbers);
}

function* uniqueIdsOf(listing: Listing): Iterable<UniqueId> {
  for (const { uid } of namesOf(listing)) yield uid;
}

function* namesOf({
  messages,
}: Listing): Iterable<{ readonly uid: UniqueId; readonly number: MessageNumber }> {
  for (const { uid, twin, number } of messages) if (uid !== undefined && !twin) yield { uid, number };
  const last = messages.at(messages.length - 1);
  if (last === undefined || !hasMereNumber(last)) return;
  for (let number = last.number + 1; number <= last.number + MOVED_UP_MESSAGES; number += 1)
    yield { uid: String(number) as UniqueId, number: number as MessageNumber };
}
