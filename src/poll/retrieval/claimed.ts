import type { RecordId } from '../../ledger/ledger.ts';
import type { BoundRecords } from '../columns/bound-records.ts';

/** The records that a message of this session is known, or has proven, to be; each stands for one message only. */
export class Claimed {
  readonly #known: Pick<BoundRecords, 'binds'>;
  readonly #proven = new Set<RecordId>();

  /** `known`: those of the messages that need not be retrieved. */
  constructor(known: Pick<BoundRecords, 'binds'>) {
    this.#known = known;
  }

  has(record: RecordId): boolean {
    return this.#proven.has(record) || this.#known.binds(record);
  }

  add(record: RecordId): void {
    this.#proven.add(record);
  }
}
