import { describe, expect, test } from 'vitest';
import { configured, Harness } from './harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a daemon whose machine sleeps, or whose clock jumps', () => {
  test('polls once, and not for every missed moment, after the machine has slept', async () => {
    const accounts = [configured('interval'), configured('cron', { schedule: '*/5 * * * *' })];
    await using ferry = await Harness.of(accounts);
    await ferry.pass(6 * MINUTE);
    const before = ferry.polls.length;
    // Asleep, the clock that does not jump stands still.
    ferry.runtime.time += 9 * HOUR;
    await ferry.pass(5000);
    expect(
      ferry.polls
        .slice(before)
        .map(([name]) => name)
        .sort(),
    ).toEqual(['cron', 'interval']);
    await ferry.pass(4 * MINUTE);
    expect(ferry.polls.length).toBeLessThanOrEqual(before + 3);
  });

  test('I1: counts what was delivered before the clock was set by the clock of now', async () => {
    await using ferry = await Harness.of([configured('a')]);
    const began = ferry.runtime.time;
    await ferry.pass(MINUTE);
    ferry.runtime.time += 40 * 24 * HOUR;
    await ferry.pass(MINUTE);
    expect(ferry.clockSets).toHaveLength(1);
    const [set] = ferry.clockSets;
    expect(set).toMatchObject({ from: began, by: 40 * 24 * HOUR });
    expect((set?.until ?? 0) - began).toBeLessThanOrEqual(2 * MINUTE);
    // For as long as the machine sleeps messages are kept all the same.
    ferry.runtime.time += 3 * 24 * HOUR;
    ferry.runtime.sleptMs += 3 * 24 * HOUR;
    await ferry.pass(MINUTE);
    expect(ferry.clockSets).toHaveLength(1);
  });

  test('does not call an account silent for the time that the machine has slept', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(MINUTE);
    ferry.fate = () => 'unreachable';
    ferry.runtime.time += 72 * HOUR;
    await ferry.pass(MINUTE);
    expect(ferry.polls).toHaveLength(2);
    expect(ferry.notices).toEqual([]);
  });

  test('calls an account silent whose poll never comes to an end', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(MINUTE);
    ferry.fate = () => 'hangs';
    await ferry.pass(23 * HOUR);
    expect(ferry.notices).toEqual([]);
    await ferry.pass(2 * HOUR);
    expect(ferry.notices).toMatchObject([{ kind: 'silent', title: 'a: no poll went well for 1d' }]);
    ferry.fate = () => undefined;
    await ferry.release('a');
    await ferry.pass(6 * MINUTE);
    expect(ferry.notices.slice(1)).toMatchObject([{ kind: 'recovered' }]);
  });

  test('goes on as before when the clock is set back', async () => {
    const accounts = [configured('interval'), configured('cron', { schedule: '*/5 * * * *' })];
    await using ferry = await Harness.of(accounts);
    await ferry.pass(6 * MINUTE);
    const before = ferry.polls.length;
    ferry.runtime.time -= 2 * HOUR;
    await ferry.pass(11 * MINUTE);
    const names = ferry.polls.slice(before).map(([name]) => name);
    expect(names.filter((name) => name === 'interval')).toHaveLength(2);
    expect(names.filter((name) => name === 'cron').length).toBeGreaterThanOrEqual(2);
  });

  test('holds no account back for longer than a pause lasts when the clock is set back after a failure', async () => {
    await using ferry = await Harness.of([configured('a', { schedule: '* * * * *' })]);
    ferry.fate = () => 'unreachable';
    await ferry.pass(10 * MINUTE);
    ferry.fate = () => undefined;
    ferry.runtime.time -= 10 * HOUR;
    const before = ferry.polls.length;
    await ferry.pass(40 * MINUTE);
    expect(ferry.polls.length).toBeGreaterThan(before);
  });
});

test('each poll trusts the authorities that the file of the account has by then', async () => {
  let authority = 'old';
  const anchors = (): Promise<readonly string[]> => Promise.resolve([authority]);
  await using ferry = await Harness.of([{ ...configured('a'), renewed: { anchors } }]);
  await ferry.pass(MINUTE);
  authority = 'new';
  await ferry.pass(5 * MINUTE);
  expect(ferry.trusted).toEqual([['old'], ['new']]);
});

describe('the end of a certificate', () => {
  test('is told where it will be in the way, and not where exactly this certificate is trusted', async () => {
    const { account, ...rest } = configured('pinned');
    const pinned = { ...rest, account: { ...account, line: { pinSha256: 'a'.repeat(64) } } };
    await using ferry = await Harness.of([configured('checked'), pinned]);
    const certificateExpiresAt = ferry.runtime.now() + HOUR;
    for (const name of ['checked', 'pinned'])
      ferry.daemon.observer.loggedIn?.(name, { loginDelayMs: 0, certificateExpiresAt });
    await ferry.pass(MINUTE);
    expect(ferry.notices.map(({ kind, account: name }) => [kind, name])).toEqual([
      ['certificate', 'checked'],
    ]);
  });
});
