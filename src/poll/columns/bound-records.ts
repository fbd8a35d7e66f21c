import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { NumberColumn } from './numbers.ts';

/** Which record each message stands for. */
export interface Bound extends Iterable<readonly [MessageNumber, RecordId]> {
  readonly size: number;
  get(number: MessageNumber): RecordId | undefined;
}

/** The same for many messages, in little memory. */
export class BoundRecords implements Bound {
  readonly #numbers = new NumberColumn<MessageNumber>();
  readonly #records = new NumberColumn<RecordId>();
  #bound: ReadonlySet<RecordId> | undefined;

  /** The numbers must ascend. */
  add(number: MessageNumber, record: RecordId): void {
    this.#numbers.add(number);
    this.#records.add(record);
  }

  get size(): number {
    return this.#numbers.length;
  }

  get(number: MessageNumber): RecordId | undefined {
    const position = this.#numbers.positionOf(number);
    return position === undefined ? undefined : this.#records.at(position);
  }

  /** Whether a message stands for this record; nothing may be added after that was asked. */
  binds(record: RecordId): boolean {
    this.#bound ??= new Set([...this].map(([, bound]) => bound));
    return this.#bound.has(record);
  }

  *[Symbol.iterator](): Iterator<readonly [MessageNumber, RecordId]> {
    for (let position = 0; position < this.size; position += 1) {
      yield [this.#numbers.at(position) as MessageNumber, this.#records.at(position) as RecordId];
    }
  }
}

/** Both as one; no message may be in both. */
export function bothOf(one: Bound, other: Bound): Bound {
  return {
    size: one.size + other.size,
    get: (number) => one.get(number) ?? other.get(number),
    *[Symbol.iterator]() {
      yield* one;
      yield* other;
    },
  };
}
