import { expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { configured, Harness } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** An account whose password is what `secretAt` gives for the hours since 1970. */
async function changing(secretAt: (hours: number) => string): Promise<Harness> {
  const clock: { now?: () => number } = {};
  const { account, ...rest } = configured('a');
  const password = (): Promise<Secret> =>
    Promise.resolve(new Secret(secretAt(Math.floor((clock.now?.() ?? 0) / HOUR))));
  const ferry = await Harness.of([{ ...rest, account: { ...account, password } }]);
  clock.now = () => ferry.runtime.now();
  return ferry;
}

test('tokens that are others each hour, or each time, are tried less and less often when all are refused', async () => {
  let drawn = 0;
  for (const secretAt of [String, () => String((drawn += 1))]) {
    await using ferry = await changing(secretAt);
    ferry.fate = () => 'login-refused';
    await ferry.pass(DAY);
    expect(ferry.polls).toHaveLength(6);
    await ferry.pass(13 * DAY);
    expect(ferry.polls).toHaveLength(9);
    expect(ferry.notices.map(({ kind }) => kind)).toEqual(['stopped']);
  }
});

test('a token that is taken again is noticed within a day, and counts as any other from then on', async () => {
  await using ferry = await changing(String);
  ferry.fate = () => 'login-refused';
  await ferry.pass(10 * HOUR);
  ferry.fate = () => undefined;
  await ferry.pass(DAY);
  expect(ferry.notices.map(({ kind }) => kind)).toEqual(['stopped', 'recovered']);
  const before = ferry.polls.length;
  await ferry.pass(HOUR);
  expect(ferry.polls.length).toBe(before + 12);
});

test('a clock that is set back does not keep another password from being tried', async () => {
  await using ferry = await changing(String);
  ferry.fate = () => 'login-refused';
  await ferry.pass(10 * HOUR);
  const before = ferry.polls.length;
  ferry.runtime.time -= 365 * DAY;
  await ferry.pass(2 * HOUR);
  expect(ferry.polls.length).toBe(before + 1);
});
