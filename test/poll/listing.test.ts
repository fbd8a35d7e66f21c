import { describe, expect, test } from 'vitest';
import { addRow, joinListing, scanRows, uniqueIdRows } from '../../src/poll/listing.ts';
import type { MessageNumber, ScanRow, UniqueId } from '../../src/pop3/types.ts';
import type { ListedUniqueId } from '../../src/pop3-client/index.ts';

const rows = (...pairs: [number, number][]): ScanRow[] =>
  pairs.map(([number, octets]) => ({ number: number as MessageNumber, octets }));
const ids = (...pairs: [number, string | undefined][]): ListedUniqueId[] =>
  pairs.map(([number, uid]) => ({ number: number as MessageNumber, uid: uid as UniqueId | undefined }));

function joined(scan: ScanRow[], unique: ListedUniqueId[] | undefined): unknown[] {
  const { messages } = joinListing({ messages: 2, octets: 30 }, sizesOf(scan), unique && uidsOf(unique));
  return messages.map(({ number, octets, uid, twin }) => [number, octets, uid, twin]);
}

function sizesOf(listed: readonly ScanRow[]): ReturnType<typeof scanRows> {
  const scan = scanRows();
  for (const { number, octets } of listed) addRow(scan, number, octets);
  return scan;
}

function uidsOf(unique: readonly ListedUniqueId[]): ReturnType<typeof uniqueIdRows> {
  const named = uniqueIdRows();
  for (const { number, uid } of unique) addRow(named, number, uid);
  return named;
}

describe('joinListing', () => {
  test.each<[string, ScanRow[], ListedUniqueId[] | undefined, unknown[]]>([
    ['nothing', [], [], []],
    [
      'what fits together',
      rows([1, 10], [2, 20]),
      ids([1, 'a'], [2, 'b']),
      [
        [1, 10, 'a', false],
        [2, 20, 'b', false],
      ],
    ],
    ['no unique-ids', rows([1, 10]), undefined, [[1, 10, undefined, false]]],
    [
      'a number that only LIST has',
      rows([1, 10], [2, 20]),
      ids([2, 'b']),
      [
        [1, 10, undefined, false],
        [2, 20, 'b', false],
      ],
    ],
    [
      'a number that only UIDL has',
      rows([2, 20]),
      ids([1, 'a'], [2, 'b']),
      [
        [1, undefined, 'a', false],
        [2, 20, 'b', false],
      ],
    ],
    [
      'an order of its own',
      rows([10, 1], [9, 1], [2, 1]),
      ids([9, 'i'], [10, 'j'], [2, 'b']),
      [
        [2, 1, 'b', false],
        [9, 1, 'i', false],
        [10, 1, 'j', false],
      ],
    ],
    [
      'I8: one unique-id of two messages',
      rows([1, 10], [2, 20], [3, 30]),
      ids([1, 'a'], [2, 'a'], [3, 'c']),
      [
        [1, 10, 'a', true],
        [2, 20, 'a', true],
        [3, 30, 'c', false],
      ],
    ],
    ['one number with two unique-ids', rows([1, 10]), ids([1, 'a'], [1, 'b']), [[1, 10, undefined, false]]],
    [
      'one number with three unique-ids, the last the first again',
      rows([1, 10]),
      ids([1, 'a'], [1, 'b'], [1, 'a']),
      [[1, 10, undefined, false]],
    ],
    ['one number twice with one unique-id', rows([1, 10]), ids([1, 'a'], [1, 'a']), [[1, 10, 'a', false]]],
    ['one number with two sizes', rows([1, 10], [1, 99]), ids([1, 'a']), [[1, 10, 'a', false]]],
    [
      'unusable unique-ids of two messages',
      rows([1, 10], [2, 20]),
      ids([1, undefined], [2, undefined]),
      [
        [1, 10, undefined, false],
        [2, 20, undefined, false],
      ],
    ],
    [
      'unique-ids that every object has',
      rows([1, 10], [2, 20]),
      ids([1, '__proto__'], [2, 'constructor']),
      [
        [1, 10, '__proto__', false],
        [2, 20, 'constructor', false],
      ],
    ],
  ])('takes %s for what it is', (_, scan, unique, expected) => {
    expect(joined(scan, unique)).toEqual(expected);
  });

  test('says what STAT claimed, and whether there are unique-ids', () => {
    const drop = { messages: 7, octets: 1 };
    expect(joinListing(drop, scanRows(), uniqueIdRows())).toMatchObject({ claimed: 7, hasUniqueIds: true });
    expect(joinListing(drop, scanRows(), undefined)).toMatchObject({ claimed: 7, hasUniqueIds: false });
  });
});
