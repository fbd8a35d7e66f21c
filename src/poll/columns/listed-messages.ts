import type { MessageNumber, Octets, UniqueId } from '../../pop3/types.ts';
import type { NumberColumn } from './numbers.ts';
import type { UniqueIdColumn } from './unique-ids.ts';

/** One message as the server lists it. */
export interface ListedMessage {
  readonly number: MessageNumber;
  /** The size by LIST: a hint, undefined where it is not listed. */
  readonly octets: Octets | undefined;
  /** Undefined where the server gives no unique-id that can be used. */
  readonly uid: UniqueId | undefined;
  /** Whether another message of this listing has the same unique-id (RFC 1939 §7 allows it for equal ones). */
  readonly twin: boolean;
}

/**
 * The messages of a listing, which may be a hundred thousand, in little memory: a column for each property, and an object
 * only for as long as somebody looks at it. In ascending order of their numbers.
 */
export class ListedMessages implements Iterable<ListedMessage> {
  readonly #numbers: NumberColumn<MessageNumber>;
  readonly #sizes: NumberColumn<Octets>;
  readonly #uids: UniqueIdColumn;

  /** Of columns of one length; the numbers must ascend. */
  constructor(
    numbers: NumberColumn<MessageNumber>,
    { sizes, uids }: { sizes: NumberColumn<Octets>; uids: UniqueIdColumn },
  ) {
    this.#numbers = numbers;
    this.#sizes = sizes;
    this.#uids = uids;
    uids.sort();
  }

  get length(): number {
    return this.#numbers.length;
  }

  /** The first position of a unique-id; undefined where it is not listed. */
  positionOf(uid: UniqueId): number | undefined {
    return this.#uids.positionOf(uid);
  }

  /** The first message with this unique-id; undefined where none is listed with it. */
  named(uid: UniqueId): ListedMessage | undefined {
    const position = this.positionOf(uid);
    return position === undefined ? undefined : this.at(position);
  }

  uniqueIdAt(position: number): UniqueId | undefined {
    return this.#uids.at(position);
  }

  /** The message with this number; undefined where it is not listed. */
  numbered(number: MessageNumber): ListedMessage | undefined {
    const position = this.#numbers.positionOf(number);
    return position === undefined ? undefined : this.at(position);
  }

  at(index: number): ListedMessage | undefined {
    const position = index < 0 ? index + this.length : index;
    const number = this.#numbers.at(position);
    if (number === undefined) return undefined;
    const uid = this.#uids.at(position);
    const { twins } = this.#uids;
    const twin = twins.size > 0 && uid !== undefined && twins.has(uid);
    return { number, octets: this.#sizes.at(position), uid, twin };
  }

  *[Symbol.iterator](): Iterator<ListedMessage> {
    for (let position = 0; position < this.length; position += 1) yield this.at(position) as ListedMessage;
  }

  map<T>(make: (message: ListedMessage) => T): T[] {
    const made: T[] = [];
    for (const message of this) made.push(make(message));
    return made;
  }

  flatMap<T>(make: (message: ListedMessage) => T | readonly T[]): T[] {
    const made: T[] = [];
    for (const message of this) {
      const some = make(message);
      if (Array.isArray(some)) for (const one of some as readonly T[]) made.push(one);
      else made.push(some as T);
    }
    return made;
  }

  filter(isWanted: (message: ListedMessage) => boolean): ListedMessage[] {
    const wanted: ListedMessage[] = [];
    for (const message of this) if (isWanted(message)) wanted.push(message);
    return wanted;
  }

  every(holds: (message: ListedMessage) => boolean): boolean {
    for (const message of this) if (!holds(message)) return false;
    return true;
  }
}
