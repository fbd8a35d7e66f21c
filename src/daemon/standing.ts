import { createHash } from 'node:crypto';
import type { ErrorCode } from '../errors.ts';
import { NOTHING_NOTIFIED, type NoticeMemory } from '../notices/facts.ts';
import type { UnsentNotice } from '../notices/outbox.ts';
import type { Account } from '../poll/account.ts';
import type { PollReport, ReportedError } from '../poll/report.ts';
import { MAX_REFUSALS, pauseAfter } from '../schedule/back-off.ts';
import type { Secret } from '../secret.ts';

/** What the daemon remembers of an account beyond its process, in the ledger. */
export interface Standing {
  /** Polls that failed in a row. */
  readonly failures: number;
  /** Logins refused in a row. */
  readonly refusals: number;
  /** What the last refused login was made with, as `keyOf` gives it. */
  readonly refusedKey: string | undefined;
  /** How often another password has let it be tried again after three refusals, since a login went well. */
  readonly renewals: number;
  /** From when on another password lets it be tried again, in milliseconds since 1970. */
  readonly renewAfter: number | undefined;
  /** Not to be polled before that, in milliseconds since 1970. */
  readonly notBefore: number | undefined;
  /** The least time between two logins that the server announced, in milliseconds. */
  readonly loginDelayMs: number;
  readonly paused: boolean;
  /**
   * How many messages had been delivered, ever, when the `afterMail` command last went well, or the account got one: it is owed
   * what came since. Undefined without such a command.
   */
  readonly told: number | undefined;
  /** Why that command has not gone well since, and how often in a row. */
  readonly afterMailTrouble: AfterMailTrouble | undefined;
  readonly notified: NoticeMemory;
  /** What was decided to be told, and has not been taken by every place yet. */
  readonly unsent: readonly KeptNotice[];
}

export interface AfterMailTrouble {
  readonly failures: number;
  readonly error: ReportedError;
}

export type KeptNotice = Pick<UnsentNotice, 'notice' | 'places'>;

/** The standing of an account of which nothing was ever noted. */
export const NEW_STANDING: Standing = {
  failures: 0,
  refusals: 0,
  refusedKey: undefined,
  renewals: 0,
  renewAfter: undefined,
  notBefore: undefined,
  loginDelayMs: 0,
  paused: false,
  told: undefined,
  afterMailTrouble: undefined,
  notified: NOTHING_NOTIFIED,
  unsent: [],
};

/** Reads what was noted; what cannot be read counts as never noted. */
export function parseStanding(text: string | undefined): Standing {
  if (text === undefined) return NEW_STANDING;
  try {
    const { notified, ...noted } = JSON.parse(text) as Partial<Standing>;
    return { ...NEW_STANDING, ...noted, notified: { ...NOTHING_NOTIFIED, ...notified } };
  } catch {
    return NEW_STANDING;
  }
}

/** Failures that are not the server's: it is not left alone for longer because of them. */
const OURS: ReadonlySet<ErrorCode> = new Set(['aborted', 'already-running', 'internal', 'ledger']);

const FIRST_RENEWAL_MS = 86_400_000;
const LONGEST_RENEWAL_MS = 8 * FIRST_RENEWAL_MS;

export interface PollOutcome {
  readonly report: PollReport;
  /** What the login was made with, if the poll came so far. */
  readonly key: string | undefined;
  readonly now: number;
  /** From 0 to 1. */
  readonly chance: number;
}

/** What follows from a poll for the next one. A poll that was stopped on request says nothing. */
export function afterPoll(standing: Standing, { report, key, now, chance }: PollOutcome): Standing {
  const code = report.error?.code;
  if (report.outcome !== 'failed' || code === undefined) {
    return { ...forgiven(standing), failures: 0 };
  }
  if (code === 'aborted') return standing;
  const refused = code === 'login-refused';
  const failures = standing.failures + 1;
  // Whatever they were made with: a token is another one each time.
  const refusals = standing.refusals + (refused ? 1 : 0);
  const pause = OURS.has(code) ? 0 : pauseAfter({ failures: refused ? refusals : failures, refused }, chance);
  return {
    ...standing,
    failures,
    refusals,
    refusedKey: refused ? key : standing.refusedKey,
    notBefore: now + pause,
  };
}

/** Whether the login was refused so often that only a change, or somebody's word, lets it be tried again. */
export function isStopped({ refusals }: Standing): boolean {
  return refusals >= MAX_REFUSALS;
}

/** The same after somebody said that the account is to be polled, or what the login is made with has changed. */
export function forgiven(standing: Standing): Standing {
  return {
    ...standing,
    refusals: 0,
    refusedKey: undefined,
    renewals: 0,
    renewAfter: undefined,
    notBefore: undefined,
  };
}

/**
 * The standing after another password was found where the login was refused too often; undefined while that is no reason to
 * try again. Somebody who has mended it is believed at once. But a token is another one each hour: after that the login is
 * tried once a day, then after two, four and eight days.
 */
export function renewed(standing: Standing, now: number): Standing | undefined {
  const { renewals, renewAfter = now } = standing;
  // One that lies further ahead was noted before the clock was set back.
  if (renewAfter > now && renewAfter - now <= LONGEST_RENEWAL_MS) return undefined;
  return {
    ...standing,
    refusals: renewals === 0 ? 0 : MAX_REFUSALS - 1,
    notBefore: undefined,
    renewals: renewals + 1,
    renewAfter: now + Math.min(LONGEST_RENEWAL_MS, FIRST_RENEWAL_MS * 2 ** renewals),
  };
}

/**
 * The standing after the configuration was read anew. Where the login was refused and the `sameLogin` would be made again,
 * the account is left alone as before, so that no number of reloads gets it locked.
 */
export function afterReload(standing: Standing, sameLogin: boolean): Standing {
  if (!sameLogin) return forgiven(standing);
  return standing.refusals > 0 ? standing : { ...standing, notBefore: undefined };
}

/**
 * Tells whether a login would be made with something new. It is stored, so it must not give away the password (I5):
 * two octets of a salted hash fit one in 65,536 of all passwords, which is no help to whoever guesses.
 */
export function keyOf({ host, port, user, auth, tls }: Account, password: Secret, salt: string): string {
  const what = JSON.stringify([salt, host, port, user, auth, tls, password.reveal()]);
  return `${salt}.${createHash('sha256').update(what).digest('hex').slice(0, 4)}`;
}

/** The salt of a key. */
export function saltOf(key: string): string {
  return key.split('.')[0] ?? '';
}
