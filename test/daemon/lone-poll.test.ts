import { expect, test } from 'vitest';
import { pollAlone } from '../../src/daemon/lone-poll.ts';
import { type ErrorCode, MailError } from '../../src/errors.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { type PollReport, Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { configured } from './harness.ts';

const never = new AbortController().signal;
const control = { stop: never, abort: never };

/** Polls one after the other, each by a process of its own, over one ledger. */
class Lone {
  readonly ledger: SqliteLedger;
  readonly runtime = new FakeRuntime();
  fate: ErrorCode | undefined = 'login-refused';
  password = 'wrong';
  /** Logins that were tried. */
  logins = 0;
  readonly told: PollReport[] = [];

  constructor(ledger: SqliteLedger) {
    this.ledger = ledger;
  }

  standing(): string | undefined {
    return this.ledger.account('a').summary(0).standing;
  }

  poll(insists = false): Promise<PollReport> {
    return pollAlone(
      configured('a', { password: this.password }),
      { control, insists, notBegun: (report) => void this.told.push(report) },
      {
        runtime: this.runtime,
        ledger: this.ledger,
        poll: async ({ account }) => {
          await account.password();
          this.logins += 1;
          const tally = new Tally();
          if (this.fate !== undefined) tally.failure = new MailError(this.fate, 'No.');
          return tally.report('a', { durationMs: 1, timings: NO_TIMINGS });
        },
      },
    );
  }
}

async function alone(check: (lone: Lone) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const ledger = await SqliteLedger.open(folder.path);
  await check(new Lone(ledger));
  ledger.close();
}

test('without a daemon too, three refused logins are the last ones of the day, and each poll after them says so', () =>
  alone(async (lone) => {
    for (let poll = 0; poll < 3; poll += 1) await lone.poll();
    expect(lone.told).toEqual([]);
    for (let poll = 0; poll < 5; poll += 1)
      expect(await lone.poll()).toMatchObject({
        outcome: 'failed',
        error: { code: 'login-refused', hint: expect.stringContaining('mailferry fetch a') },
      });
    expect([lone.logins, lone.told.length]).toEqual([3, 5]);
  }));

test('where nobody comes, one login a day is tried, until one goes well', () =>
  alone(async (lone) => {
    for (let poll = 0; poll < 4; poll += 1) await lone.poll();
    for (let hour = 0; hour < 72; hour += 1) {
      lone.runtime.advance(3_600_000);
      await lone.poll();
    }
    expect(lone.logins).toBeGreaterThanOrEqual(3 + 2);
    expect(lone.logins).toBeLessThanOrEqual(3 + 3);
    lone.fate = undefined;
    lone.runtime.advance(2 * 86_400_000);
    expect(await lone.poll()).toMatchObject({ outcome: 'ok' });
    expect(await lone.poll()).toMatchObject({ outcome: 'ok' });
  }));

test('an account that somebody names is tried once more, and as before when that goes well', () =>
  alone(async (lone) => {
    for (let poll = 0; poll < 4; poll += 1) await lone.poll();
    await lone.poll(true);
    await lone.poll();
    expect(lone.logins).toBe(4);
    lone.fate = undefined;
    expect(await lone.poll(true)).toMatchObject({ outcome: 'ok' });
    expect(await lone.poll()).toMatchObject({ outcome: 'ok' });
    expect(lone.logins).toBe(6);
  }));

test('another password is tried without being asked', () =>
  alone(async (lone) => {
    for (let poll = 0; poll < 4; poll += 1) await lone.poll();
    lone.fate = undefined;
    lone.password = 'right';
    expect(await lone.poll()).toMatchObject({ outcome: 'ok' });
    expect(lone.standing()).toContain('"refusals":0');
  }));

test('a poll that goes well, or fails for another reason, writes nothing of this', () =>
  alone(async (lone) => {
    for (lone.fate of [undefined, 'unreachable'] as const) await lone.poll();
    expect(lone.standing()).toBeUndefined();
  }));
