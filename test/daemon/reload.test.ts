import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { configured, Harness, settings } from './harness.ts';

const MINUTE = 60_000;

describe('a reload', () => {
  test('adds, removes and reschedules, and leaves the others and what runs alone', async () => {
    const same = configured('same');
    const changed = configured('changed', { schedule: 'every 1h' });
    await using ferry = await Harness.of([same, changed, configured('old')]);
    ferry.fate = (name) => (name === 'old' ? 'hangs' : undefined);
    await ferry.pass(2 * MINUTE);
    const faster = configured('changed', { schedule: 'every 10m' });
    expect(ferry.daemon.reload(settings([same, faster, configured('new')]))).toEqual({
      added: ['new'],
      removed: ['old'],
      rescheduled: ['changed'],
    });
    expect(ferry.polling).toEqual(new Set(['old']));
    await ferry.release('old');
    await ferry.pass(10 * MINUTE);
    expect(ferry.timesOf('same')).toEqual([0, 300, 600]);
    expect(ferry.timesOf('changed')).toEqual([0, 600]);
    expect(ferry.timesOf('new')).toEqual([120, 420, 720]);
    expect(ferry.timesOf('old')).toEqual([0]);
  });

  test('tries what failed as the schedule says, but leaves refused logins alone until the account is another', async () => {
    const down = configured('down', { schedule: 'every 1m' });
    const refused = configured('refused', { schedule: 'every 1m' });
    const moved = configured('refused', { schedule: 'every 1m', host: 'other.example' });
    await using ferry = await Harness.of([down, refused]);
    ferry.fate = (name) => (name === 'down' ? 'unreachable' : 'login-refused');
    await ferry.pass(15 * MINUTE);
    ferry.fate = () => undefined;
    const since = (): Record<string, number> => ({
      down: ferry.timesOf('down').length,
      refused: ferry.timesOf('refused').length,
    });
    const before = since();
    ferry.daemon.reload(settings([down, refused]));
    await ferry.pass(1000);
    expect(since()).toEqual({ ...before, down: (before['down'] ?? 0) + 1 });
    ferry.daemon.reload(settings([down, moved]));
    await ferry.pass(1000);
    expect(since()['refused']).toBe((before['refused'] ?? 0) + 1);
    expect(ferry.daemon.counts()).toMatchObject({ failing: 0, stopped: 0 });
  });

  test('tries another password at once where the login was refused, and the refused one not again', async () => {
    const { account, ...rest } = configured('a', { schedule: 'every 1h' });
    let secret = 'old';
    const reading = { ...rest, account: { ...account, password: () => Promise.resolve(new Secret(secret)) } };
    await using ferry = await Harness.of([reading]);
    ferry.fate = () => 'login-refused';
    const reload = async (): Promise<number> => {
      ferry.daemon.reload(settings([reading]));
      await ferry.settled();
      await ferry.pass(1000);
      return ferry.polls.length;
    };
    await ferry.pass(1000);
    expect([await reload(), await reload()]).toEqual([1, 1]);
    secret = 'still wrong';
    expect([await reload(), await reload()]).toEqual([2, 2]);
    secret = 'wrong, too';
    expect([await reload(), ferry.daemon.counts().stopped]).toEqual([3, 1]);
    ferry.fate = () => undefined;
    secret = 'new';
    expect([await reload(), ferry.daemon.counts().failing]).toEqual([4, 0]);
  });

  test('tries no login where the password cannot be had', async () => {
    const { account, ...rest } = configured('a', { schedule: 'every 1h' });
    let asked = 0;
    const failing = (): Promise<Secret> => {
      asked += 1;
      return asked === 1 ? Promise.resolve(new Secret('old')) : Promise.reject(new Error('no such command'));
    };
    await using ferry = await Harness.of([{ ...rest, account: { ...account, password: failing } }]);
    ferry.fate = () => 'login-refused';
    await ferry.pass(1000);
    ferry.daemon.reload(settings([{ ...rest, account: { ...account, password: failing } }]));
    await ferry.pass(1000);
    expect([asked, ferry.polls.length]).toEqual([2, 1]);
  });

  test('never lets an account that left and came back be polled twice at a time', async () => {
    const account = configured('a');
    await using ferry = await Harness.of([account, configured('b')]);
    ferry.fate = (name) => (name === 'a' ? 'hangs' : undefined);
    await ferry.pass(1000);
    ferry.daemon.reload(settings([configured('b')]));
    ferry.daemon.reload(settings([account, configured('b')]));
    await ferry.pass(10 * MINUTE);
    expect([ferry.overlapped, ferry.timesOf('a')]).toEqual([false, [0]]);
  });
});
