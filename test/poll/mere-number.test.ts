import { expect, test } from 'vitest';
import { hasMereNumber } from '../../src/poll/mere-number.ts';
import type { MessageNumber, UniqueId } from '../../src/pop3/types.ts';

test.each<[number, string | undefined, boolean]>([
  [1, '1', true],
  [10, '10', true],
  [2_147_483_647, '2147483647', true],
  [5, '05', false],
  [5, '15', false],
  [15, '5', false],
  [5, 'e', false],
  [5, '5 ', false],
  [12, '1.2e1', false],
  [5, '0', false],
  [5, undefined, false],
])('the unique-id of message %d is nothing but its number: %j? %j', (number, uid, expected) => {
  const message = { number: number as MessageNumber, uid: uid as UniqueId | undefined };
  expect(hasMereNumber({ ...message, octets: 1, twin: false })).toBe(expected);
});
