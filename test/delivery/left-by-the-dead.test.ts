import { expect, test } from 'vitest';
import { isLeftByTheDead } from '../../src/delivery/left-by-the-dead.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

test.each([
  ['a dead process has made', 99, -1, true],
  ['a dead process seems to have made after our start', 99, 0, false],
  ['a living process has made', 77, -5000, false],
  ['we make for another account, by a clock that is behind', 4242, -500, false],
  ['a process had made that had our number before us', 4242, -5000, true],
])('what %s (%i, %i ms after our start): left by the dead is %s', (_, pid, after, expected) => {
  const runtime = new FakeRuntime();
  runtime.alive.add(77);
  expect(isLeftByTheDead(pid, runtime.startedAt + after, runtime)).toBe(expected);
});
