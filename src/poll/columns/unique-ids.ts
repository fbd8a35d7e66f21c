import { randomInt } from 'node:crypto';
import type { UniqueId } from '../../pop3/types.ts';
import { firstWhere, NumberColumn } from './numbers.ts';

const FIRST_OCTETS = 1024;

/** How long a unique-id is with most servers, or longer. */
const USUAL_OCTETS = 24;

/** More than a listing may have lines; a hash and a position are one whole number together. */
const POSITIONS = 2 ** 23;
const UNUSED_BITS = 2;

// A server must not be able to choose unique-ids of one hash, which would all have to be compared.
const SEED = randomInt(2 ** 32);
const FACTOR = randomInt(2 ** 31) * 2 + 1;

/**
 * Unique-ids in little memory: the octets that came (`UniqueId` holds each as a character), and where each ends. A text is
 * made only for as long as somebody looks at it.
 */
export class UniqueIdColumn {
  #octets = Buffer.allocUnsafeSlow(FIRST_OCTETS);
  readonly #ends = new NumberColumn<number>();
  /** Hash and position of each in ascending order; undefined where the unique-ids ascend. */
  #keys: Float64Array | undefined;
  #twins: ReadonlySet<UniqueId> = new Set();
  /** Where the next one is looked for first: what is looked up comes mostly in the order of the column. */
  #guess = 0;

  get length(): number {
    return this.#ends.length;
  }

  /** Makes room for so many at once. */
  reserve(length: number): void {
    this.#ends.reserve(length);
    this.#reserveOctets(length * USUAL_OCTETS);
  }

  /** None may be added after one was looked up. */
  add(uid: UniqueId | undefined): void {
    const text = uid ?? '';
    const start = this.#endOf(this.length - 1);
    const end = start + text.length;
    if (end > this.#octets.length) this.#reserveOctets(Math.max(end, this.#octets.length * 2));
    this.#octets.write(text, start, 'latin1');
    this.#ends.add(end);
  }

  at(position: number): UniqueId | undefined {
    const [start, end] = [this.#endOf(position - 1), this.#endOf(position)];
    // A unique-id has an octet at least.
    return start === end ? undefined : (this.#octets.toString('latin1', start, end) as UniqueId);
  }

  /** The unique-ids that are here more than once. */
  get twins(): ReadonlySet<UniqueId> {
    return this.#twins;
  }

  /** Makes it ready for look-ups. */
  sort(): void {
    const { length } = this;
    const isAscending = (position: number): boolean => this.#compare(position - 1, position) < 0;
    let position = 1;
    while (position < length && isAscending(position)) position += 1;
    if (position >= length) return;
    const keys = new Float64Array(length);
    for (position = 0; position < length; position += 1)
      keys[position] = this.#hashAt(position) * POSITIONS + position;
    this.#keys = keys.sort();
    this.#twins = this.#findTwins(keys);
  }

  /** Where a unique-id is first; undefined where it is not. */
  positionOf(uid: UniqueId): number | undefined {
    const likely = this.#guess;
    if (likely < this.length && this.#against(uid, likely) === 0 && !this.#twins.has(uid)) {
      this.#guess = likely + 1;
      return likely;
    }
    const position = this.#keys === undefined ? this.#search(uid) : this.#searchIn(this.#keys, uid);
    if (position !== undefined) this.#guess = position + 1;
    return position;
  }

  #search(uid: UniqueId): number | undefined {
    const position = firstWhere(this.length, (at) => this.#against(uid, at) >= 0);
    return position < this.length && this.#against(uid, position) === 0 ? position : undefined;
  }

  #searchIn(keys: Float64Array, uid: UniqueId): number | undefined {
    let hash = SEED;
    for (let index = 0; index < uid.length; index += 1) hash = mixed(hash, uid.charCodeAt(index));
    const lowest = (hash >>> UNUSED_BITS) * POSITIONS;
    let place = firstWhere(keys.length, (at) => (keys[at] ?? 0) >= lowest);
    for (; place < keys.length && (keys[place] ?? 0) < lowest + POSITIONS; place += 1) {
      const position = (keys[place] ?? 0) - lowest;
      if (this.#against(uid, position) === 0) return position;
    }
    return undefined;
  }

  #reserveOctets(octets: number): void {
    if (octets <= this.#octets.length) return;
    const larger = Buffer.allocUnsafeSlow(octets);
    this.#octets.copy(larger, 0, 0, this.#endOf(this.length - 1));
    this.#octets = larger;
  }

  #endOf(position: number): number {
    return position < 0 ? 0 : (this.#ends.at(position) ?? 0);
  }

  #hashAt(position: number): number {
    const end = this.#endOf(position);
    let hash = SEED;
    for (let at = this.#endOf(position - 1); at < end; at += 1) hash = mixed(hash, this.#octets[at] ?? 0);
    return hash >>> UNUSED_BITS;
  }

  #compare(one: number, other: number): number {
    return this.#octets.compare(
      this.#octets,
      this.#endOf(other - 1),
      this.#endOf(other),
      this.#endOf(one - 1),
      this.#endOf(one),
    );
  }

  /** How what is at a position compares with a text. */
  #against(text: string, position: number): number {
    const [start, end] = [this.#endOf(position - 1), this.#endOf(position)];
    const shorter = Math.min(text.length, end - start);
    for (let index = 0; index < shorter; index += 1) {
      const difference = (this.#octets[start + index] ?? 0) - text.charCodeAt(index);
      if (difference !== 0) return difference;
    }
    return end - start - text.length;
  }

  #findTwins(keys: Float64Array): ReadonlySet<UniqueId> {
    const twins = new Set<UniqueId>();
    const positionAt = (place: number): number => (keys[place] ?? 0) % POSITIONS;
    const hashAt = (place: number): number => Math.floor((keys[place] ?? 0) / POSITIONS);
    for (let place = 1; place < keys.length; place += 1) {
      const position = positionAt(place);
      for (let other = place - 1; other >= 0 && hashAt(other) === hashAt(place); other -= 1) {
        if (this.#compare(positionAt(other), position) !== 0) continue;
        const uid = this.at(position);
        if (uid !== undefined) twins.add(uid);
        break;
      }
    }
    return twins;
  }
}

/** One step of a hash of 32 bits, which nobody outside this process can work out. */
function mixed(hash: number, octet: number): number {
  const product = Math.imul(hash ^ octet, FACTOR);
  return product ^ (product >>> 15);
}
