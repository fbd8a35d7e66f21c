import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  option,
  property,
  record as recordOf,
} from 'fast-check';
import { expect, test } from 'vitest';
import type { LedgerRecord, RecordId } from '../../../src/ledger/record.ts';
import { RecordTable } from '../../../src/poll/columns/record-table.ts';
import { addRow, joinListing, scanRows, uniqueIdRows } from '../../../src/poll/listing.ts';
import type { MessageNumber, UniqueId } from '../../../src/pop3/types.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const UIDS = ['a', 'b', 'c', 'd', 'e', 'f'] as UniqueId[];
const uids = constantFrom(...UIDS);
const size = option(integer({ min: 0, max: 3 }), { nil: undefined });
const records = array(
  recordOf({
    uid: option(uids, { nil: undefined }),
    outcome: constantFrom<LedgerRecord['outcome']>('delivered', 'adopted', 'failed', 'quarantined'),
    sha256: option(constantFrom('ab'.repeat(32), 'ff'.repeat(32), 'short'), { nil: undefined }),
    attempts: integer({ min: 0, max: 1 }),
    octets: size,
    listedOctets: size,
    triedAt: integer({ min: 1, max: 2 }),
    deliveredAt: option(integer({ min: 1, max: 2 }), { nil: undefined }),
    goneAt: option(integer({ min: 1, max: 2 }), { nil: undefined, freq: 1 }),
    deleSent: boolean(),
    workedOut: boolean(),
    missingAt: option(integer({ min: 1, max: 2 }), { nil: undefined, freq: 1 }),
    destinations: constantFrom<readonly string[]>([], ['mbox:/m']),
  }),
  { maxLength: 12 },
).map((all) => all.map((one, index): LedgerRecord => ({ ...one, id: (index + 1) as RecordId })));

function inOrder(some: readonly (readonly LedgerRecord[])[]): unknown {
  return some.toSorted((a, b) => (a[0]?.id ?? 0) - (b[0]?.id ?? 0));
}

test('a table of records gives each as it was, by the unique-id that is listed for it', () => {
  assert(
    property(
      array(uids, { maxLength: 6 }),
      records,
      array(boolean(), { minLength: 6, maxLength: 6 }),
      (listed, all, isRenamed) => {
        const named = uniqueIdRows();
        for (const [index, uid] of listed.entries()) addRow(named, (index + 1) as MessageNumber, uid);
        const { messages } = joinListing({ messages: 0, octets: 0 }, scanRows(), named);
        const renamed = new Map(
          UIDS.flatMap((uid, index) =>
            isRenamed[index] === true ? [[uid, UIDS[5 - index] as UniqueId] as const] : [],
          ),
        );
        const expected = new Map<UniqueId, LedgerRecord[]>();
        for (const one of all) {
          if (one.uid === undefined) continue;
          const uid = renamed.get(one.uid) ?? one.uid;
          expected.set(uid, [...(expected.get(uid) ?? []), one]);
        }
        const table = new RecordTable(messages, all, renamed);
        expect(table.size).toBe(expected.size);
        for (const uid of UIDS) {
          expect(table.get(uid)).toEqual(expected.get(uid));
          expect(table.has(uid)).toBe(expected.has(uid));
        }
        const present = [...expected].filter(([uid]) => listed.includes(uid)).map(([, some]) => some);
        const absent = [...expected].filter(([uid]) => !listed.includes(uid));
        expect(inOrder([...table.listed()])).toEqual(inOrder(present));
        expect([...table.unlisted()]).toEqual(absent);
      },
    ),
    propertyRuns(1000),
  );
});
