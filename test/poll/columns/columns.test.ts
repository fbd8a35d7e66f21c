import { array, assert, constantFrom, integer, oneof, option, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NumberColumn, SparseNumbers } from '../../../src/poll/columns/numbers.ts';
import { UniqueIdColumn } from '../../../src/poll/columns/unique-ids.ts';
import type { UniqueId } from '../../../src/pop3/types.ts';
import { propertyRuns } from '../../support/property-runs.ts';

describe('a column of unique-ids', () => {
  const latin1 = string({
    unit: integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 5,
  });
  const few = constantFrom('a', 'ab', 'b', '\u00e9');
  const texts = array(option(oneof(latin1, few), { nil: undefined }), { maxLength: 40 });

  test('says of each where it is first, in whatever order it is asked, and which are there twice', () => {
    assert(
      property(texts, array(oneof(latin1, few), { maxLength: 20 }), (uids, others) => {
        const column = new UniqueIdColumn();
        column.reserve(uids.length % 7);
        for (const uid of uids) column.add(uid as UniqueId | undefined);
        column.sort();
        expect(uids.map((_, index) => column.at(index))).toEqual(uids);
        expect(column.length).toBe(uids.length);
        for (const uid of [...others, ...uids, ...uids.toReversed(), 'abc', '\u2028']) {
          if (uid === undefined) continue;
          const position = uids.indexOf(uid);
          expect(column.positionOf(uid as UniqueId)).toBe(position < 0 ? undefined : position);
          expect(column.twins.has(uid as UniqueId)).toBe(uids.lastIndexOf(uid) !== position);
        }
      }),
      propertyRuns(200),
    );
  });

  test('finds each of so many that some have one hash, and those that are there twice', () => {
    // Of 200,000, about 19 pairs have one hash of 30 bits.
    const uids = Array.from({ length: 200_000 }, (_, index) => `u${(index * 7919) % 199_999}`);
    const column = new UniqueIdColumn();
    for (const uid of uids) column.add(uid as UniqueId);
    column.sort();
    expect([...column.twins]).toEqual(['u0']);
    const wrong = uids.filter((uid, index) => column.positionOf(uid as UniqueId) !== index);
    expect(wrong).toEqual(['u0']);
  });

  test('finds none in an empty one', () => {
    const column = new UniqueIdColumn();
    column.sort();
    expect(column.positionOf('a' as UniqueId)).toBeUndefined();
    expect(column.at(0)).toBeUndefined();
  });
});

describe('a column of numbers', () => {
  test('gives back what was added, undefined too, and nothing beyond its end', () => {
    const column = new NumberColumn<number>();
    column.reserve(3);
    const values = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? undefined : index * 2 ** 40));
    for (const value of values) column.add(value);
    expect(values.map((_, index) => column.at(index))).toEqual(values);
    expect(column.at(200)).toBeUndefined();
    expect(column.at(-1)).toBeUndefined();
  });

  test('finds a value among ascending ones', () => {
    const column = new NumberColumn<number>();
    for (const value of [2, 3, 7]) column.add(value);
    expect([1, 2, 3, 4, 7, 8].map((value) => column.positionOf(value))).toEqual([
      undefined,
      0,
      1,
      undefined,
      2,
      undefined,
    ]);
  });
});

test('sparse numbers are undefined until they are set, and again after that', () => {
  const numbers = new SparseNumbers(3);
  expect(numbers.at(1)).toBeUndefined();
  numbers.set(1, 0);
  expect([0, 1, 2].map((position) => numbers.at(position))).toEqual([undefined, 0, undefined]);
  numbers.set(1, undefined);
  expect(numbers.at(1)).toBeUndefined();
});
