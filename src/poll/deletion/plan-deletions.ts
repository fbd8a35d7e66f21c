import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Bound } from '../columns/bound-records.ts';
import { MASS_DELETION, MASS_DELETION_FACTOR } from '../limits.ts';

/**
 * The numbers to DELE: messages bound to a record that the ledger, asked afterwards, gives as deletable (I1).
 */
export function planDeletions(bound: Bound, deletable: { has(record: RecordId): boolean }): MessageNumber[] {
  const numbers: MessageNumber[] = [];
  for (const [number, record] of bound) if (deletable.has(record)) numbers.push(number);
  return numbers;
}

/**
 * Whether a poll would delete so many messages that were kept until now, compared with what it did before, that
 * somebody should be asked: a changed configuration or a clock that jumped may be behind it.
 */
export function isMassDeletion(kept: number, mostBefore: number): boolean {
  return kept > Math.max(MASS_DELETION, mostBefore * MASS_DELETION_FACTOR);
}
