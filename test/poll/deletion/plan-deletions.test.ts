import { expect, test } from 'vitest';
import type { RecordId } from '../../../src/ledger/record.ts';
import { isMassDeletion, planDeletions } from '../../../src/poll/deletion/plan-deletions.ts';
import { MASS_DELETION, MASS_DELETION_FACTOR } from '../../../src/poll/limits.ts';
import type { MessageNumber } from '../../../src/pop3/types.ts';

const deletable = (...records: readonly number[]): Set<RecordId> => new Set(records as RecordId[]);

test('I1: planDeletions takes what the ledger gives as deletable, and nothing else', () => {
  const bound = new Map([1, 2, 3].map((value) => [value as MessageNumber, value as RecordId]));
  expect(planDeletions(bound, deletable(1, 3, 9))).toEqual([1, 3]);
  expect(planDeletions(bound, deletable())).toEqual([]);
  expect(planDeletions(new Map(), deletable(1))).toEqual([]);
});

test('I1: somebody is asked about more than the usual number, and not about that number', () => {
  expect(isMassDeletion(MASS_DELETION, 0)).toBe(false);
  expect(isMassDeletion(MASS_DELETION + 1, 0)).toBe(true);
  expect(isMassDeletion(MASS_DELETION * MASS_DELETION_FACTOR, MASS_DELETION)).toBe(false);
  expect(isMassDeletion(MASS_DELETION * MASS_DELETION_FACTOR + 1, MASS_DELETION)).toBe(true);
});
