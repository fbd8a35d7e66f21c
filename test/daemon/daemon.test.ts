import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configured, type Fate, Harness, settings } from './harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the schedule', () => {
  test('polls each account at its own pace', async () => {
    await using ferry = await Harness.of([configured('a'), configured('b', { schedule: 'every 10m' })]);
    await ferry.pass(20 * MINUTE);
    expect(ferry.timesOf('a')).toEqual([0, 300, 600, 900, 1200]);
    expect(ferry.timesOf('b')).toEqual([0, 600, 1200]);
  });

  test.each([
    ['left out where it does not exist', '2026-03-28T12:00:00Z', ['2026-03-30T00:30:00Z']],
    [
      'taken twice where it comes twice',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ],
  ])('keeps cron moments in their time zone: one is %s', async (_, start, moments) => {
    const account = configured('a', { schedule: '30 2 * * *', timezone: 'Europe/Berlin' });
    await using ferry = await Harness.of([account]);
    ferry.runtime.time = Date.parse(start);
    await ferry.restart([account]);
    await ferry.pass(37 * HOUR);
    expect(ferry.moments).toEqual(moments.map((moment) => Date.parse(moment)));
  });

  test('never polls an account twice at a time, and leaves out what comes by while a poll runs', async () => {
    await using ferry = await Harness.of([configured('a')]);
    ferry.fate = () => 'hangs';
    await ferry.pass(12 * MINUTE);
    void ferry.daemon.pollNow(['a']);
    ferry.fate = () => undefined;
    await ferry.release('a');
    await ferry.pass(5 * MINUTE);
    expect(ferry.overlapped).toBe(false);
    expect(ferry.timesOf('a').length).toBe(2);
  });

  test('does not poll at once what a process before it has polled a moment ago', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(MINUTE);
    await ferry.restart([configured('a')]);
    await ferry.pass(5 * MINUTE);
    expect(ferry.timesOf('a')).toEqual([0, 300]);
  });
});

describe('an account in trouble', () => {
  test.each(['maildrop-busy', 'server-temporary', 'unreachable', 'timeout'] as const)(
    'is tried less and less often after %s, and at its pace again when it works',
    async (code) => {
      await using ferry = await Harness.of([configured('a', { schedule: 'every 1m' })]);
      ferry.fate = () => code;
      await ferry.pass(2 * HOUR);
      const times = ferry.timesOf('a');
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(times.length).toBeLessThan(12);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(30 * 60 * 1.25);
      ferry.fate = () => undefined;
      await ferry.pass(40 * MINUTE);
      const after = ferry.polls.length;
      await ferry.pass(5 * MINUTE);
      expect(ferry.polls.length).toBe(after + 5);
    },
  );

  test('whose login is refused is tried three times, also across restarts, and then left alone', async () => {
    const account = configured('a');
    await using ferry = await Harness.of([account]);
    ferry.fate = () => 'login-refused';
    for (let restart = 0; restart < 10; restart += 1) {
      await ferry.pass(HOUR);
      await ferry.restart([account]);
    }
    await ferry.pass(24 * HOUR);
    expect(ferry.polls).toHaveLength(3);
    expect(ferry.notices.map(({ kind }) => kind)).toEqual(['stopped']);
    expect(ferry.daemon.status()).toMatchObject([{ state: 'stopped', nextPollAt: null, failures: 3 }]);
  });

  test('is tried again when its password is another, when its server is, or when somebody says so', async () => {
    await using ferry = await Harness.of([configured('a')]);
    let refused = 0;
    ferry.fate = () => 'login-refused';
    const polled = (): number => {
      const since = ferry.polls.length - refused;
      refused = ferry.polls.length;
      return since;
    };
    await ferry.pass(3 * HOUR);
    expect(polled()).toBe(3);
    ferry.daemon.reload(settings([configured('a')]));
    await ferry.pass(3 * HOUR);
    expect(polled()).toBe(0);
    ferry.daemon.reload(settings([configured('a', { password: 'another' })]));
    await ferry.pass(3 * HOUR);
    expect(polled()).toBe(3);
    ferry.daemon.reload(settings([configured('a', { password: 'another', host: 'other.example' })]));
    await ferry.pass(3 * HOUR);
    expect(polled()).toBe(3);
    void ferry.daemon.pollNow(['a']);
    await ferry.pass(MINUTE);
    expect(polled()).toBe(1);
  });

  test('keeps nothing of its password in the ledger but two octets of a salted hash', async () => {
    await using ferry = await Harness.of([configured('a')]);
    ferry.fate = () => 'login-refused';
    await ferry.pass(MINUTE);
    const [row] = ferry.standings();
    expect(row).toMatch(/"refusedKey":"[0-9a-f]{16}\.[0-9a-f]{4}"/);
    expect(row).not.toContain('secret');
  });

  test('is not called well where the ledger could not take what became of it, and that is logged once', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(MINUTE);
    ferry.fate = () => 'ledger';
    ferry.ledgerIsFull = true;
    await ferry.pass(4 * MINUTE + 30_000);
    expect(ferry.daemon.status()).toMatchObject([
      { state: 'failing', failures: 1, report: { error: { code: 'ledger' } } },
    ]);
    expect(ferry.logged).toEqual([]);
  });

  test('does not poll more often than its provider wants', async () => {
    await using ferry = await Harness.of([configured('a', { loginPauseMs: 900_000, schedule: 'every 1m' })]);
    await ferry.pass(HOUR);
    expect(ferry.timesOf('a')).toEqual([0, 900, 1800, 2700, 3600]);
  });

  test('does not log in before the time is over that the server announced', async () => {
    await using ferry = await Harness.of([configured('a', { schedule: 'every 1m' })]);
    ferry.daemon.observer.loggedIn?.('a', { loginDelayMs: 10 * MINUTE, certificateExpiresAt: undefined });
    await ferry.pass(30 * MINUTE);
    await ferry.restart([configured('a', { schedule: 'every 1m' })]);
    await ferry.pass(10 * MINUTE);
    expect(ferry.timesOf('a')).toEqual([0, 600, 1200, 1800, 2400]);
    ferry.daemon.observer.loggedIn?.('a', { loginDelayMs: 0, certificateExpiresAt: undefined });
    await ferry.pass(12 * MINUTE);
    expect(ferry.timesOf('a').slice(5)).toEqual([3000, 3060, 3120]);
  });
});

describe('fifty hosts', () => {
  test('are polled on time when one hangs for ever and one refuses logins, and each change is told once', async () => {
    const accounts = Array.from({ length: 50 }, (_, index) => configured(`h${index}`));
    await using ferry = await Harness.of(accounts);
    const fates: Record<string, Fate> = { h7: 'hangs', h9: 'login-refused' };
    ferry.fate = (name) => fates[name];
    await ferry.pass(2 * HOUR);
    const expected = Array.from({ length: 25 }, (_, index) => index * 300);
    const others = accounts.map(({ account }) => account.name).filter((name) => fates[name] === undefined);
    expect(others).toHaveLength(48);
    for (const name of others) expect(ferry.timesOf(name)).toEqual(expected);
    expect(ferry.timesOf('h7')).toEqual([0]);
    expect(ferry.timesOf('h9')).toHaveLength(3);
    delete fates['h7'];
    fates['h3'] = 'unreachable';
    await ferry.release('h7');
    await ferry.pass(2 * HOUR);
    delete fates['h3'];
    await ferry.pass(HOUR);
    expect(ferry.notices.map(({ kind, account }) => `${account} ${kind}`)).toEqual([
      'h9 stopped',
      'h3 failing',
      'h3 recovered',
    ]);
  });

  test('of which many hang do not take all places', async () => {
    const accounts = Array.from({ length: 20 }, (_, index) => configured(`h${index}`));
    await using ferry = await Harness.of(accounts, { concurrency: { accounts: 4, perHost: 4 } });
    const bad = new Set(accounts.slice(0, 10).map(({ account }) => account.name));
    ferry.fate = (name) => (bad.has(name) ? 'timeout' : undefined);
    await ferry.pass(MINUTE);
    ferry.fate = (name) => (bad.has(name) ? 'hangs' : undefined);
    await ferry.pass(10 * MINUTE);
    expect(ferry.polling.size).toBe(2);
    expect(ferry.timesOf('h15')).toEqual([0, 300, 600]);
  });
});

test('a thousand accounts are polled on time, by one daemon and with nothing of each but its place in the agenda', async () => {
  const accounts = Array.from({ length: 1000 }, (_, index) =>
    configured(`a${index}`, { host: `h${index % 100}.example`, schedule: 'every 10m' }),
  );
  await using ferry = await Harness.of(accounts);
  const resources = process.getActiveResourcesInfo().length;
  await ferry.pass(11 * MINUTE);
  for (const { account } of accounts) expect(ferry.timesOf(account.name)).toEqual([0, 600]);
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources);
});

describe('a notice', () => {
  test('that a place has not taken is sent there again by the next process, and nowhere else', async () => {
    const account = configured('a');
    await using ferry = await Harness.of([account]);
    ferry.fate = () => 'unreachable';
    ferry.takesNone = ['webhook 1'];
    await ferry.pass(HOUR);
    await ferry.restart([account]);
    await ferry.pass(MINUTE);
    ferry.takesNone = [];
    await ferry.restart([account]);
    await ferry.daemon.noted();
    await ferry.restart([account]);
    await ferry.pass(HOUR);
    const [first, ...again] = ferry.notices;
    expect(again).toEqual([first, first]);
    expect(ferry.places).toEqual([undefined, ['webhook 1'], ['webhook 1']]);
    expect(ferry.standings()[0]).toContain('"unsent":[]');
  });

  test('that was decided right before a kill is neither lost nor decided twice', async () => {
    const account = configured('a');
    await using ferry = await Harness.of([account]);
    ferry.fate = () => 'unreachable';
    ferry.takesNone = ['command 1'];
    await ferry.pass(20 * MINUTE);
    expect(ferry.standings()[0]).toMatch(/"notified":\{"ill":"failing".*"unsent":\[\{"notice":/);
  });
});

describe('control', () => {
  test('polls at once on request, also what is paused, and gives the reports', async () => {
    await using ferry = await Harness.of([configured('a'), configured('b')]);
    await ferry.daemon.pause(['a']);
    const reports = Promise.all(ferry.daemon.pollNow(['a']));
    await ferry.settled();
    expect(await reports).toMatchObject([{ account: 'a', outcome: 'ok' }]);
  });

  test('deletes what waits for a word in the next poll only, after one that runs without the word', async () => {
    await using ferry = await Harness.of([configured('a')]);
    ferry.fate = () => 'hangs';
    await ferry.pass(MINUTE);
    ferry.fate = () => undefined;
    const reports = Promise.all([
      ...ferry.daemon.pollNow(['a']),
      ...ferry.daemon.pollNow(['a'], { confirmDelete: true }),
      ...ferry.daemon.pollNow([], { confirmDelete: true }),
    ]);
    await ferry.release('a');
    expect(await reports).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }, { outcome: 'ok' }]);
    await ferry.pass(10 * MINUTE);
    expect(ferry.confirmed).toEqual([false, true, false, false]);
  });

  test('pauses across restarts, and polls at once what was missed when it is resumed', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(MINUTE);
    await ferry.daemon.pause([]);
    await ferry.restart([configured('a')]);
    await ferry.pass(HOUR);
    expect(ferry.timesOf('a')).toEqual([0]);
    expect(ferry.daemon.status()).toMatchObject([{ state: 'paused', nextPollAt: null }]);
    expect(await ferry.daemon.resume([])).toEqual(['a']);
    await ferry.pass(1000);
    expect(ferry.polls).toHaveLength(2);
  });

  test('names the accounts that there are when it is asked for another', async () => {
    await using ferry = await Harness.of([configured('a')]);
    expect(() => ferry.daemon.pollNow(['b'])).toThrow('The daemon has no account named "b".');
  });
});

describe('the end', () => {
  test('lets running polls come to an end, and begins nothing any more', async () => {
    await using ferry = await Harness.of([configured('a'), configured('b')]);
    ferry.fate = () => 'hangs';
    await ferry.pass(1000);
    const drained = ferry.daemon.drain(60_000);
    ferry.daemon.tick();
    for (const name of ['a', 'b']) await ferry.release(name);
    await drained;
    expect(ferry.polls).toHaveLength(2);
  });

  test('breaks off what does not end within the grace', async () => {
    await using ferry = await Harness.of([configured('a')]);
    ferry.fate = () => 'hangs';
    await ferry.pass(1000);
    await ferry.daemon.drain(1);
    expect(ferry.polling.size).toBe(0);
  });
});

test('a week of polls leaves no handle, no file and no poll behind', async () => {
  const accounts = ['a', 'b', 'c', 'd'].map((name) => configured(name, { schedule: 'every 15m' }));
  await using ferry = await Harness.of(accounts);
  ferry.fate = (name) => (name === 'd' ? 'server-temporary' : undefined);
  await ferry.pass(HOUR);
  const counts = (): number[] => [
    readdirSync('/proc/self/fd').length,
    process.getActiveResourcesInfo().length,
    ferry.daemon.polling + ferry.daemon.waiting,
  ];
  const before = counts();
  await ferry.pass(7 * 24 * HOUR);
  expect(ferry.polls.length).toBeGreaterThan(2000);
  const grown = counts().filter((count, index) => count > (before[index] ?? 0));
  expect(grown).toEqual([]);
});
