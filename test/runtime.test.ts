import { expect, test } from 'vitest';
import { isoTime } from '../src/runtime.ts';

test.each([
  ['a moment', 0, '1970-01-01T00:00:00.000Z'],
  ['none', null, null],
  ['an unknown one', undefined, null],
  ['one that no date can tell, as a clock gone wrong has left it', 1e17, null],
  ['no number', Number.NaN, null],
])('a program is told of %s without an error', (_, moment, expected) => {
  expect(isoTime(moment)).toBe(expected);
});
