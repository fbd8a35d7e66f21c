import type { AccountSummary, Amount } from '../ledger/ledger.ts';
import type { Account } from '../poll/account.ts';
import type { PollReport, ReportedError } from '../poll/report.ts';
import { isoTime } from '../runtime.ts';
import type { Schedule } from '../schedule/cron.ts';
import { isStopped, type Standing } from './standing.ts';

/**
 * How an account is: `new` was never polled, `waiting` has a poll that waits for its turn, `partial` left messages
 * behind that it could not carry, `stopped` is not tried any more after refused logins, `silent` is polled by nobody.
 */
export type AccountState =
  | 'new'
  | 'ok'
  | 'partial'
  | 'failing'
  | 'stopped'
  | 'silent'
  | 'paused'
  | 'waiting'
  | 'polling';

/** One account in the answer of `status --json`. Times are ISO 8601 in UTC. Stable and documented. */
export interface AccountStatus {
  readonly account: string;
  readonly host: string;
  readonly user: string;
  readonly state: AccountState;
  readonly lastPollAt: string | null;
  readonly lastSuccessAt: string | null;
  /** Null where nobody knows: no daemon runs, or the account is paused or stopped. */
  readonly nextPollAt: string | null;
  /** Polls that failed in a row. */
  readonly failures: number;
  /** What the last poll did. */
  readonly report: PollReport | null;
  readonly delivered: Amount;
  /** The same of this day (UTC). */
  readonly today: Amount;
  readonly deleted: number;
  readonly certificateExpiresAt: string | null;
  /** How it goes with the command after mail; null where there is none. */
  readonly afterMail: AfterMailStatus | null;
  /** What somebody should do about it. */
  readonly action: string | null;
}

/** How it goes with the command after mail. */
export interface AfterMailStatus {
  /** Messages that have come and that it has not been run for, or not well. */
  readonly waiting: number;
  /** How often in a row it has failed, and why it did last. */
  readonly failures: number;
  readonly error: ReportedError | null;
}

/** The answer of `status --json`. */
export interface Status {
  readonly daemon: DaemonStatus | null;
  readonly accounts: readonly AccountStatus[];
}

export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly configuration: string;
  /** Polls under way, and those that wait for a place. */
  readonly polling: number;
  readonly waiting: number;
  readonly stopping: boolean;
}

/** What only the daemon knows. */
export interface LiveFacts {
  readonly running: 'polling' | 'waiting' | undefined;
  readonly nextPollAt: number | undefined;
  readonly certificateExpiresAt: number | undefined;
  /** The last poll of this process, which the ledger may not have been able to take; undefined where it has made none. */
  readonly report: PollReport | undefined;
  /** When that was, or one before. */
  readonly lastPollAt: number | undefined;
}

export interface StatusParts {
  readonly account: Pick<Account, 'name' | 'host' | 'user'>;
  /** Undefined for an account that the ledger does not know. */
  readonly summary: AccountSummary | undefined;
  readonly standing: Standing;
  readonly live: LiveFacts | undefined;
  /** What `isSilent` says, where no daemon runs. */
  readonly silent?: boolean | undefined;
}

interface LastPoll {
  readonly schedule: Pick<Schedule, 'next'>;
  /** Milliseconds since 1970. */
  readonly lastPollAt: number | undefined;
  readonly now: number;
  /** For so long after a poll was due nobody need wonder. */
  readonly silentMs: number;
}

/** Whether no poll was even tried since one was due, so long ago that nobody seems to poll the account any more. */
export function isSilent({ schedule, lastPollAt, now, silentMs }: LastPoll): boolean {
  // A poll in the future was noted before the clock was set back.
  if (lastPollAt === undefined || lastPollAt > now) return false;
  return now - schedule.next(new Date(lastPollAt)).getTime() >= silentMs;
}

const NOTHING: Amount = { messages: 0, octets: 0 };

/** How one account is, from what the ledger and the daemon know. */
export function accountStatus({ account, summary, standing, live, silent }: StatusParts): AccountStatus {
  const report = live?.report ?? parseReport(summary?.lastReport);
  const known = stateOf(report, standing, live);
  // Whatever else is wrong is the worse news.
  const state = silent === true && known === 'ok' ? 'silent' : known;
  return {
    account: account.name,
    host: account.host,
    user: account.user,
    state,
    lastPollAt: isoTime(live === undefined ? summary?.lastPollAt : live.lastPollAt),
    lastSuccessAt: isoTime(summary?.lastSuccessAt),
    nextPollAt: isoTime(live?.nextPollAt),
    failures: standing.failures,
    report,
    delivered: summary?.delivered ?? NOTHING,
    today: summary?.today ?? NOTHING,
    deleted: summary?.deleted ?? 0,
    certificateExpiresAt: isoTime(live?.certificateExpiresAt),
    afterMail: afterMailStatus(summary, standing),
    action:
      state === 'silent'
        ? `Nobody polls it any more: start the daemon (mailferry run), or look at the cron job. If it is to be polled less often, say so by "schedule". To poll it now: mailferry fetch ${account.name}`
        : actionFor(report, standing, {
            name: account.name,
            again: live === undefined ? 'fetch' : 'poll',
          }),
  };
}

function afterMailStatus(
  summary: AccountSummary | undefined,
  { told, afterMailTrouble }: Standing,
): AfterMailStatus | null {
  if (told === undefined) return null;
  const { failures = 0, error = null } = afterMailTrouble ?? {};
  return { waiting: Math.max(0, (summary?.delivered.messages ?? 0) - told), failures, error };
}

function stateOf(report: PollReport | null, standing: Standing, live: LiveFacts | undefined): AccountState {
  if (live?.running !== undefined) return live.running;
  if (standing.paused) return 'paused';
  if (isStopped(standing)) return 'stopped';
  if (report === null) return 'new';
  // Somebody has stopped it: nothing is wrong, and not all is done.
  if (report.error?.code === 'aborted') return 'partial';
  if (report.outcome === 'failed') return 'failing';
  return report.outcome;
}

function actionFor(
  report: PollReport | null,
  standing: Standing,
  { name, again }: { readonly name: string; readonly again: 'fetch' | 'poll' },
): string | null {
  if (standing.paused) return `mailferry resume ${name}`;
  const hint = report?.error?.hint ?? null;
  // Another password is not noticed before the pause after a refused login has passed.
  if (standing.refusals > 0) return [hint, `Then: mailferry ${again} ${name}`].filter(Boolean).join(' ');
  if (report?.outcome === 'ok') return standing.afterMailTrouble?.error.hint ?? null;
  return hint ?? ((report?.quarantined ?? 0) > 0 ? quarantineHint(name) : null);
}

/** What somebody should do about messages of an account that are quarantined. */
export function quarantineHint(account: string): string {
  return `mailferry history --all ${account} shows which (Q); mailferry explain ${account} MESSAGE says why.`;
}

/** The report of the last poll; null where there is none, or it cannot be read. */
export function parseReport(text: string | undefined): PollReport | null {
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as PollReport;
  } catch {
    return null;
  }
}
