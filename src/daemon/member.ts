import type { AccountConfiguration } from '../config/configuration.ts';
import { asMailError, type ErrorCode } from '../errors.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { AccountFacts } from '../notices/facts.ts';
import type { ServerFacts } from '../poll/observer.ts';
import type { PollReport } from '../poll/report.ts';
import type { Clock } from '../schedule/agenda.ts';
import type { DaemonDeps } from './deps.ts';
import { isStopped, type KeptNotice, NEW_STANDING, parseStanding, type Standing } from './standing.ts';

/** Whoever looks while a poll runs that has begun since waits for what comes of it: it may go well. */
const PATIENCE_MS = 3_600_000;

/** What may take as long once more. */
const SUSPICIOUS: ReadonlySet<ErrorCode> = new Set([
  'timeout',
  'unreachable',
  'connection-lost',
  'preconnect-failed',
]);

/** A poll that waits for its turn or is under way. */
export interface Running {
  readonly promise: Promise<PollReport>;
  /** Since when, by the clock that never jumps. */
  readonly since: number;
  begun: boolean;
  /** Somebody asked for it. */
  asked: boolean;
  /** Somebody said that it is to delete also what waits for a word. */
  confirmDelete: boolean;
}

/** One account of the daemon: its configuration, and all that is known of it. */
export class Member {
  configuration: AccountConfiguration;
  standing: Standing = NEW_STANDING;
  running: Running | undefined;
  /** What the server said at the last login that this process has seen. */
  facts: ServerFacts | undefined;
  /** When the poll that comes next, or runs, is or was due; milliseconds since 1970. */
  due: number | undefined;
  /**
   * When the first poll after the last successful one was due, or is; by the clock that never jumps and stands still while
   * the machine sleeps, so that neither a jump nor a sleep counts as silence.
   */
  owedAt: number | undefined;
  lastPollAt: number | undefined;
  lastSuccessAt: number | undefined;
  lastReport: PollReport | undefined;
  /** How many messages have been delivered, ever, as of the last poll. */
  delivered: number;
  /** Ends when what is to be told is on its way, and what is known of that is in the ledger. */
  telling: Promise<void> = Promise.resolve();
  readonly ledger: AccountLedger;

  constructor(configuration: AccountConfiguration, ledger: AccountLedger, day: number) {
    this.configuration = configuration;
    this.ledger = ledger;
    const { standing, lastPollAt, lastSuccessAt, delivered } = ledger.summary(day);
    this.delivered = delivered.messages;
    this.standing = parseStanding(standing);
    this.lastPollAt = lastPollAt;
    this.lastSuccessAt = lastSuccessAt;
  }

  get name(): string {
    return this.configuration.account.name;
  }

  /** Whether the server did not answer the last time, or the way to it was not open. */
  get isSuspect(): boolean {
    const code = this.lastReport?.error?.code;
    return code !== undefined && SUSPICIOUS.has(code);
  }

  /** The least time between two logins that the server or its provider wants, in milliseconds. */
  get leastPauseMs(): number {
    return Math.max(this.standing.loginDelayMs, this.configuration.loginPauseMs);
  }

  /** How many messages have come that the `afterMail` command has not been run for, or not well. */
  get untold(): number {
    const { told = this.delivered } = this.standing;
    return this.configuration.afterMail === undefined ? 0 : Math.max(0, this.delivered - told);
  }

  /** Sends what is to be told, and keeps it in the ledger until every place has taken it. */
  tell(kept: KeptNotice, { notify, log }: Pick<DaemonDeps, 'notify' | 'log'>): void {
    const { notice } = kept;
    const left = (places: readonly string[]): void => {
      const unsent = this.standing.unsent
        .map((it) => (it.notice === notice ? { notice, places } : it))
        .filter((it) => it.places?.length !== 0);
      const before = this.telling;
      this.telling = this.note({ ...this.standing, unsent })
        .catch((error: unknown) => log('warn', asMailError(error).message, this.name))
        .then(() => before);
    };
    notify({ ...kept, left });
  }

  async note(standing: Standing): Promise<void> {
    this.standing = standing;
    await this.ledger.noteStanding(JSON.stringify(standing));
  }
}

/** What notices are decided from. Times are in milliseconds since 1970. */
export function factsOf(
  { name, configuration, standing, running, owedAt, lastReport, lastSuccessAt, facts }: Member,
  clock: Clock,
): AccountFacts {
  const monotonic = clock.monotonic();
  return {
    account: name,
    failures: standing.failures,
    stopped: isStopped(standing),
    paused: standing.paused,
    error: lastReport?.error ?? undefined,
    failed: lastReport === undefined || lastReport.outcome === 'failed',
    quarantined: lastReport?.quarantined ?? 0,
    overdueMs: Math.max(0, monotonic - (owedAt ?? monotonic)),
    underWay: running !== undefined && monotonic - running.since < PATIENCE_MS,
    lastSuccessAt,
    // The dates of a certificate that is pinned do not count.
    certificateExpiresAt:
      configuration.account.line.pinSha256 === undefined ? facts?.certificateExpiresAt : undefined,
    afterMailTrouble: standing.afterMailTrouble,
    now: clock.now(),
  };
}
