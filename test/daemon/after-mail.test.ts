import { describe, expect, test } from 'vitest';
import type { AfterMail, MailCame } from '../../src/config/configuration.ts';
import { MailError } from '../../src/errors.ts';
import { configured, Harness, settings } from './harness.ts';

const MINUTE = 60_000;

/** A command after mail whose runs the test sees, and ends. */
class Command {
  readonly came: MailCame[] = [];
  running = 0;
  mostAtATime = 0;
  /** Whether a run waits to be let go. */
  waits = false;
  fails = false;
  #letGo: () => void = () => undefined;

  of(command: string, limitMs = 1000): AfterMail {
    return { command, folder: '/', env: {}, limitMs, run: (came, stop) => this.#run(came, stop) };
  }

  letGo(): void {
    this.#letGo();
  }

  async #run(came: MailCame, stop: AbortSignal): Promise<string> {
    this.came.push(came);
    this.running += 1;
    this.mostAtATime = Math.max(this.mostAtATime, this.running);
    if (this.waits) {
      await new Promise<void>((resolve) => {
        this.#letGo = resolve;
        stop.addEventListener('abort', () => resolve());
      });
    }
    this.running -= 1;
    if (stop.aborted) throw new MailError('aborted', 'Stopped.');
    if (this.fails) throw new MailError('after-mail-failed', 'It failed.', { hint: 'Look.' });
    return 'done';
  }
}

/** Mail that each poll of these accounts carries, once. */
function once(mail: Record<string, number>): (account: string) => number {
  const left = new Map(Object.entries(mail));
  return (account) => {
    const count = left.get(account) ?? 0;
    left.delete(account);
    return count;
  };
}

describe('the command after mail', () => {
  test('runs when mail has come, with the account and how many there are, and not when none has', async () => {
    const command = new Command();
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    await ferry.pass(10 * MINUTE);
    expect(command.came).toEqual([]);
    ferry.mail = once({ a: 3 });
    await ferry.pass(10 * MINUTE);
    expect(command.came).toEqual([{ accounts: ['a'], messages: 3 }]);
    expect(ferry.logged.join()).toContain('It said: done');
  });

  test('never runs twice at a time, and once more for all that came while it ran', async () => {
    const command = new Command();
    command.waits = true;
    const accounts = ['a', 'b', 'c'].map((name) => configured(name, { afterMail: command.of('x') }));
    await using ferry = await Harness.of(accounts);
    ferry.mail = once({ a: 1 });
    await ferry.pass(MINUTE);
    ferry.mail = once({ a: 4, b: 2, c: 3 });
    await ferry.pass(5 * MINUTE);
    expect(command.came).toEqual([{ accounts: ['a'], messages: 1 }]);
    command.letGo();
    await ferry.settled();
    expect(command.came.slice(1)).toEqual([{ accounts: ['a', 'b', 'c'], messages: 9 }]);
    expect(command.mostAtATime).toBe(1);
  });

  test('is another one where the account names another, and runs beside the first', async () => {
    const [one, other] = [new Command(), new Command()];
    one.waits = true;
    await using ferry = await Harness.of([
      configured('a', { afterMail: one.of('x') }),
      configured('b', { afterMail: other.of('y') }),
    ]);
    ferry.mail = once({ a: 1, b: 2 });
    await ferry.pass(MINUTE);
    expect([one.running, other.came]).toEqual([1, [{ accounts: ['b'], messages: 2 }]]);
  });

  test('keeps no poll waiting, however long it runs', async () => {
    const command = new Command();
    command.waits = true;
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 1 });
    await ferry.pass(16 * MINUTE);
    expect(ferry.timesOf('a')).toEqual([0, 300, 600, 900]);
    expect(command.came).toHaveLength(1);
  });

  test('runs also for what came in a poll that failed after that', async () => {
    const command = new Command();
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 2 });
    ferry.fate = () => 'connection-lost';
    await ferry.pass(MINUTE);
    expect(command.came).toEqual([{ accounts: ['a'], messages: 2 }]);
  });

  test('is not owed what came before the account had one', async () => {
    const command = new Command();
    await using ferry = await Harness.of([configured('a')]);
    ferry.mail = once({ a: 5 });
    await ferry.pass(MINUTE);
    await ferry.restart([configured('a', { afterMail: command.of('x') })]);
    await ferry.pass(MINUTE);
    expect(command.came).toEqual([]);
    ferry.mail = once({ a: 1 });
    await ferry.pass(5 * MINUTE);
    expect(command.came).toEqual([{ accounts: ['a'], messages: 1 }]);
  });
});

test('a command after mail that ends when its account was taken out and put back notes nothing of before', async () => {
  const command = new Command();
  command.waits = true;
  const accounts = [configured('a', { afterMail: command.of('x') })];
  await using ferry = await Harness.of([configured('b'), ...accounts]);
  ferry.mail = once({ a: 1 });
  await ferry.pass(MINUTE);
  ferry.daemon.reload(settings([configured('b')]));
  ferry.daemon.reload(settings([configured('b'), ...accounts]));
  await ferry.daemon.pause(['a']);
  command.letGo();
  await ferry.settled();
  expect(ferry.standings().map((text) => text.includes('"paused":true'))).toEqual([false, true]);
});

test('a command after mail that a reload has brought is not owed what came before', async () => {
  const command = new Command();
  await using ferry = await Harness.of([configured('a')]);
  ferry.mail = once({ a: 5 });
  await ferry.pass(MINUTE);
  ferry.daemon.reload(settings([configured('a', { afterMail: command.of('x') })]));
  await ferry.pass(10 * MINUTE);
  expect(command.came).toEqual([]);
  ferry.mail = once({ a: 1 });
  await ferry.pass(5 * MINUTE);
  expect(command.came).toEqual([{ accounts: ['a'], messages: 1 }]);
});

describe('I9: a command after mail that fails', () => {
  test('is tried again, after longer each time, until it goes well, with all that has come by then', async () => {
    const command = new Command();
    command.fails = true;
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 2 });
    await ferry.pass(10 * MINUTE);
    const tries = command.came.length;
    // After 1, 2 and 4 minutes, a quarter more or less.
    expect(tries).toBeGreaterThanOrEqual(3);
    expect(tries).toBeLessThanOrEqual(5);
    ferry.mail = once({ a: 1 });
    await ferry.pass(5 * MINUTE);
    command.fails = false;
    const failed = command.came.length;
    await ferry.pass(60 * MINUTE);
    expect(command.came.slice(failed)).toEqual([{ accounts: ['a'], messages: 3 }]);
  });

  test('is in the status until it has gone well, while the account itself is not ill', async () => {
    const command = new Command();
    command.fails = true;
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 2 });
    await ferry.pass(1000);
    expect(ferry.daemon.status()[0]).toMatchObject({
      state: 'ok',
      failures: 0,
      afterMail: { waiting: 2, failures: 1, error: { code: 'after-mail-failed', message: 'It failed.' } },
      action: 'Look.',
    });
    command.fails = false;
    await ferry.pass(5 * MINUTE);
    expect(ferry.daemon.status()[0]).toMatchObject({
      afterMail: { waiting: 0, failures: 0, error: null },
      action: null,
    });
  });

  test('is told of when it has failed often enough, and when it has gone well', async () => {
    const command = new Command();
    command.fails = true;
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 1 });
    await ferry.pass(10 * MINUTE);
    expect(ferry.notices.map(({ kind }) => kind)).toEqual(['after-mail']);
    command.fails = false;
    await ferry.pass(30 * MINUTE);
    expect(ferry.notices.map(({ kind }) => kind)).toEqual(['after-mail', 'recovered']);
  });

  test('is tried again at once after a reload', async () => {
    const command = new Command();
    command.fails = true;
    const accounts = [configured('a', { schedule: 'every 1h', afterMail: command.of('x') })];
    await using ferry = await Harness.of(accounts);
    ferry.mail = once({ a: 1 });
    await ferry.pass(1000);
    expect(command.came).toHaveLength(1);
    const mended = new Command();
    ferry.daemon.reload(settings([configured('a', { schedule: 'every 1h', afterMail: mended.of('x') })]));
    await ferry.pass(1000);
    expect(mended.came).toEqual([{ accounts: ['a'], messages: 1 }]);
  });

  test('stops no mail when that cannot be noted, either', async () => {
    const command = new Command();
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    await ferry.pass(MINUTE);
    ferry.ledgerIsFull = true;
    ferry.mail = once({ a: 1 });
    await ferry.pass(10 * MINUTE);
    expect(command.came).toEqual([{ accounts: ['a'], messages: 1 }]);
    expect(ferry.timesOf('a')).toEqual([0, 300, 600]);
  });
});

describe('I3: the command after mail', () => {
  test('runs when the daemon is started again after a kill before it had ended, without a poll', async () => {
    const [killed, next] = [new Command(), new Command()];
    killed.waits = true;
    await using ferry = await Harness.of([
      configured('a', { schedule: 'every 1h', afterMail: killed.of('x') }),
    ]);
    ferry.mail = once({ a: 2 });
    await ferry.pass(1000);
    expect(killed.came).toHaveLength(1);
    await ferry.restart([configured('a', { schedule: 'every 1h', afterMail: next.of('x') })]);
    await ferry.pass(1000);
    expect(next.came).toEqual([{ accounts: ['a'], messages: 2 }]);
  });

  test('has its time when the daemon ends, is ended after that, and is owed to the next start', async () => {
    const [command, next] = [new Command(), new Command()];
    command.waits = true;
    await using ferry = await Harness.of([configured('a', { afterMail: command.of('x') })]);
    ferry.mail = once({ a: 2 });
    await ferry.pass(1000);
    await ferry.daemon.drain(0);
    expect(command.running).toBe(0);
    expect(ferry.daemon.status()[0]?.afterMail).toEqual({ waiting: 2, failures: 0, error: null });
    await ferry.restart([configured('a', { afterMail: next.of('x') })]);
    await ferry.pass(1000);
    expect(next.came).toEqual([{ accounts: ['a'], messages: 2 }]);
    expect(ferry.notices).toEqual([]);
  });
});
