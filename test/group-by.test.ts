import { expect, test } from 'vitest';
import { groupBy } from '../src/group-by.ts';

test('things are grouped by their key, in their order, and without those that have none', () => {
  const things = ['a1', 'b1', 'a2', '', 'b2'];
  expect([...groupBy(things, (thing) => thing[0])]).toEqual([
    ['a', ['a1', 'a2']],
    ['b', ['b1', 'b2']],
  ]);
});
