import type { AccountConfiguration, AfterMail } from '../../src/config/configuration.ts';
import type { ClockSet } from '../../src/daemon/clock-set.ts';
import { Daemon, type DaemonSettings } from '../../src/daemon/daemon.ts';
import { type ErrorCode, MailError } from '../../src/errors.ts';
import type { AccountLedger } from '../../src/ledger/ledger.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import type { NoticePolicy } from '../../src/notices/facts.ts';
import type { Notice } from '../../src/notices/notice.ts';
import type { PollControl } from '../../src/poll/poll.ts';
import { type PollReport, Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';
import { parseSchedule } from '../../src/schedule/cron.ts';
import { Secret } from '../../src/secret.ts';
import { delivery, uid } from '../ledger/fixtures.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** What becomes of a poll: an error code, nothing, or never an end. */
export type Fate = ErrorCode | 'hangs' | undefined;

export const POLICY: NoticePolicy = {
  afterFailures: 3,
  silentMs: 86_400_000,
  certificateMs: 14 * 86_400_000,
};

interface Changes {
  readonly host?: string;
  readonly schedule?: string;
  readonly timezone?: string;
  readonly password?: string;
  readonly loginPauseMs?: number;
  readonly afterMail?: AfterMail;
}

/** An account as a configuration gives it. */
export function configured(
  name: string,
  {
    host = `${name}.example`,
    schedule = 'every 5m',
    timezone,
    password = 'secret',
    loginPauseMs = 0,
    afterMail,
  }: Changes = {},
): AccountConfiguration {
  return {
    account: {
      name,
      host,
      port: 110,
      tls: 'none',
      ca: [],
      line: {},
      user: name,
      password: () => Promise.resolve(new Secret(password)),
      auth: 'auto',
      allowCleartext: false,
      destinations: [],
      deletion: { kind: 'never' },
      limits: { messageOctets: undefined, messagesPerPoll: undefined, octetsPerPoll: undefined },
      timeouts: { connectMs: 1000, idleMs: 1000 },
    },
    passwordFrom: 'text',
    schedule: parseSchedule(schedule, timezone),
    jitterMs: 0,
    loginPauseMs,
    afterMail,
  };
}

/** A daemon over a real ledger, with a clock that only the test moves, and polls whose fate the test decides. */
export class Harness implements AsyncDisposable {
  readonly runtime: FakeRuntime = new FakeRuntime();
  readonly notices: Notice[] = [];
  readonly clockSets: ClockSet[] = [];
  /** The places that each of them was for. */
  readonly places: (readonly string[] | undefined)[] = [];
  /** The places that take no notice. */
  takesNone: readonly string[] = [];
  readonly logged: string[] = [];
  /** When polls began, by the wall clock. */
  readonly moments: number[] = [];
  /** The polls in order, each with its account and the seconds since the beginning. */
  readonly polls: (readonly [account: string, seconds: number])[] = [];
  readonly polling: Set<string> = new Set();
  /** The certificates that each poll trusted. */
  readonly trusted: (readonly string[])[] = [];
  /** Of each poll, whether it was to delete what waits for a word. */
  readonly confirmed: boolean[] = [];
  /** Whether an account was ever polled twice at a time. */
  overlapped = false;
  fate: (account: string) => Fate = () => undefined;
  /** How many messages a poll carries. */
  mail: (account: string) => number = () => 0;
  /** As with a full disk under the ledger: nothing can be noted, and a poll that tells so cannot either. */
  ledgerIsFull = false;
  daemon: Daemon;
  readonly #folder: TemporaryFolder;
  readonly #hanging = new Map<string, () => void>();
  readonly #begun: number;
  #ledger: SqliteLedger;

  private constructor(configuration: DaemonSettings, folder: TemporaryFolder, ledger: SqliteLedger) {
    this.#folder = folder;
    this.#ledger = ledger;
    this.#begun = this.runtime.now();
    this.daemon = this.#start(configuration);
  }

  static async of(
    accounts: readonly AccountConfiguration[],
    more: Partial<DaemonSettings> = {},
  ): Promise<Harness> {
    const folder = await temporaryFolder();
    const ledger = await SqliteLedger.open(folder.at('state'));
    return new Harness(settings(accounts, more), folder, ledger);
  }

  /** The seconds at which an account was polled. */
  timesOf(account: string): number[] {
    return this.polls.filter(([name]) => name === account).map(([, seconds]) => seconds);
  }

  /** What the ledger keeps for the daemon, by account. */
  standings(): string[] {
    return [...this.#ledger.summaries(0).values()].map(({ standing }) => standing ?? '');
  }

  /** Lets time go by, in as many steps as the daemon wants to look. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; ) {
      const before = this.polls.length;
      this.daemon.tick();
      if (this.polls.length > before || this.daemon.polling > this.#hanging.size) await this.settled();
      const step = Math.min(left, Math.max(1, Math.ceil(this.daemon.sleepMs)));
      this.runtime.advance(step);
      left -= step;
    }
    this.daemon.tick();
    await this.settled();
  }

  /** Resolves when every poll that does not hang has ended. */
  async settled(): Promise<void> {
    do {
      for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    } while (this.daemon.polling > this.#hanging.size);
  }

  /** Lets a hanging poll go on. */
  async release(account: string): Promise<void> {
    this.#hanging.get(account)?.();
    await this.settled();
  }

  /** As after a kill: a new daemon over the same ledger. */
  async restart(
    accounts: readonly AccountConfiguration[],
    more: Partial<DaemonSettings> = {},
  ): Promise<void> {
    this.#ledger.close();
    this.#ledger = await SqliteLedger.open(this.#folder.at('state'));
    this.daemon = this.#start(settings(accounts, more));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.daemon.abort();
    for (const release of this.#hanging.values()) release();
    await this.daemon.drain(0);
    this.#ledger.close();
    await this.#folder[Symbol.asyncDispose]();
  }

  #start(configuration: DaemonSettings): Daemon {
    return new Daemon(configuration, {
      runtime: this.runtime,
      ledger: {
        account: (name) => this.#fillable(this.#ledger.account(name)),
        summaries: (day) => this.#ledger.summaries(day),
        followClock: (set) => {
          this.clockSets.push(set);
          this.#ledger.followClock(set);
        },
      },
      poll: (account, control) => this.#poll(account, control),
      notify: ({ notice, places, left }) => {
        this.notices.push(notice);
        this.places.push(places);
        left(this.takesNone);
      },
      log: (_, message) => void this.logged.push(message),
      changed: () => undefined,
    });
  }

  #fillable(account: AccountLedger): AccountLedger {
    const note = account.noteStanding.bind(account);
    account.noteStanding = (standing) =>
      this.ledgerIsFull ? Promise.reject(new MailError('ledger', 'The disk is full.')) : note(standing);
    return account;
  }

  async #poll({ account }: AccountConfiguration, { abort, confirmDelete }: PollControl): Promise<PollReport> {
    const { name } = account;
    this.overlapped ||= this.polling.has(name);
    this.polling.add(name);
    this.moments.push(this.runtime.now());
    this.trusted.push(account.ca);
    this.confirmed.push(confirmDelete === true);
    this.polls.push([name, (this.runtime.now() - this.#begun) / 1000]);
    const ledger = this.#ledger.account(name);
    await ledger.openPoll();
    await account.password();
    for (let left = this.mail(name); left > 0; left -= 1)
      await ledger.recordDelivery(delivery({ uid: uid(`${this.polls.length}-${left}`) }));
    let fate = this.fate(name);
    if (fate === 'hangs') {
      await new Promise<void>((resolve) => {
        this.#hanging.set(name, resolve);
        abort.addEventListener('abort', () => resolve());
      });
      this.#hanging.delete(name);
      // A poll that only took long goes well where the test has said so by now.
      fate = this.fate(name);
    }
    const tally = new Tally();
    if (fate !== undefined)
      tally.failure = new MailError(
        fate === 'hangs' ? 'timeout' : fate,
        fate === 'ledger' ? 'The disk is full.' : `${name} failed.`,
      );
    const report = tally.report(name, { durationMs: 1, timings: NO_TIMINGS });
    this.polling.delete(name);
    if (this.ledgerIsFull) return report;
    await ledger.closePoll({
      at: this.runtime.now(),
      success: fate === undefined,
      report: JSON.stringify(report),
      unfinished: false,
    });
    return report;
  }
}

/** What a daemon is told to do, with defaults. */
export function settings(
  accounts: readonly AccountConfiguration[],
  more: Partial<DaemonSettings> = {},
): DaemonSettings {
  return { accounts, concurrency: { accounts: 16, perHost: 4 }, notices: POLICY, ...more };
}
