import type { RecordId } from '../../ledger/ledger.ts';
import type { BoundRecords } from '../columns/bound-records.ts';

/** The records that a message of this session is known, or has proven, to be; each stands for one message only. */
export class Claimed {
  readonly #listed: Pick<BoundRecords, 'binds'>;
  readonly #proven = new Set<RecordId>();

  /** `listed`: those of the messages that need not be retrieved. */
  constructor(listed: Pick<BoundRecords, 'binds'>) {
    this.#listed = listed;
  }

  has(record: RecordId): boolean {
    return this.#proven.has(record) || this.#listed.binds(record);
  }

  add(record: RecordId): void {
    this.#proven.add(record);
  }
}
