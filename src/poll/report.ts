import type { ErrorCode, MailError } from '../errors.ts';
import type { PollLimits } from './account.ts';
import type { Listing } from './listing.ts';
import type { Leaving, Plan } from './plan.ts';
import type { PollTimings } from './timings.ts';

/** What one poll did: the object of `fetch --json`, and the poll's line in the log. Stable and documented. */
export interface PollReport {
  readonly account: string;
  /** `partial`: all that could be carried is safe, but not every message could. */
  readonly outcome: 'ok' | 'partial' | 'failed';
  /** Messages in the maildrop. */
  readonly listed: number;
  /** Messages delivered in this poll, and their octets as received. */
  readonly fetched: number;
  readonly bytes: number;
  /** Messages whose deletion the server confirmed. */
  readonly deleted: number;
  /** Messages that are safe here and still on the server. */
  readonly kept: number;
  /** Messages left on the server without being safe here: too large, over a limit, failed. */
  readonly skipped: number;
  /** Those of them that are larger than `limits.messageSize`: they never come. */
  readonly tooLarge: number;
  /** Messages that failed too often and are left alone. */
  readonly quarantined: number;
  readonly durationMs: number;
  readonly timings: PollTimings;
  readonly error: ReportedError | null;
}

/**
 * How many of the listed messages are not here yet, and are to come with the next polls. Nothing is known of those in a
 * maildrop that was not listed.
 */
export function stillToCome(report: PollReport): number {
  const { listed, deleted, kept, tooLarge, quarantined } = report;
  return Math.max(0, listed - deleted - kept - tooLarge - quarantined);
}

/** Why a poll failed, or why the first message that it could not carry was not carried. */
export interface ReportedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
}

/** An error as programs get it. */
export function reportedError({ code, message, hint }: MailError): ReportedError {
  return { code, message, hint: hint ?? null };
}

/** The counts of a poll while it goes on. */
export class Tally {
  listed = 0;
  fetched = 0;
  bytes = 0;
  deleted = 0;
  kept = 0;
  skipped = 0;
  tooLarge = 0;
  quarantined = 0;
  /** Whether something became visible at a destination and could not be recorded. */
  unrecorded = false;
  /** How the maildrop looked when nothing was left to do there, for the next poll. */
  quiet: string | undefined;
  /** What ended the poll early. */
  failure: MailError | undefined;
  /** Why the first message that could not be carried could not. */
  firstRefusal: MailError | undefined;
  /**
   * What somebody is asked before mail is deleted. It is told before any refusal: whoever says yes must have heard all of
   * it.
   */
  question: MailError | undefined;

  /** A session has its listing and its plan: what is left on the server is counted anew for each session. */
  planned({ messages }: Listing, { left }: Pick<Plan, 'left'>): void {
    const count = (reason: Leaving['reason']): number => left.get(reason) ?? 0;
    this.listed = Math.max(this.listed, messages.length);
    this.kept = count('carried');
    this.tooLarge = count('too-large');
    this.skipped = this.tooLarge + count('later') + count('failed');
    this.quarantined = count('quarantined');
  }

  /** A session has found the maildrop as it was when all in it was carried. */
  unchanged(messages: number): void {
    this.listed = messages;
    this.kept = messages;
  }

  /** What is left of the limits after what was carried in this poll, and before it on the same day. */
  remaining(
    { messageOctets, messagesPerPoll, octetsPerPoll, octetsPerDay }: PollLimits,
    octetsToday: number,
  ): PollLimits {
    const ofPoll = octetsPerPoll === undefined ? Number.POSITIVE_INFINITY : octetsPerPoll - this.bytes;
    const ofDay = octetsPerDay === undefined ? Number.POSITIVE_INFINITY : octetsPerDay - octetsToday;
    const octets = Math.max(0, Math.min(ofPoll, ofDay));
    return {
      messageOctets,
      messagesPerPoll: messagesPerPoll && Math.max(0, messagesPerPoll - this.fetched),
      octetsPerPoll: Number.isFinite(octets) ? octets : undefined,
    };
  }

  report(account: string, { durationMs, timings }: Pick<PollReport, 'durationMs' | 'timings'>): PollReport {
    const { listed, fetched, bytes, deleted, kept, skipped, tooLarge, quarantined } = this;
    const error = this.failure ?? this.question ?? this.firstRefusal;
    return {
      account,
      outcome: this.failure !== undefined ? 'failed' : this.#isPartial() ? 'partial' : 'ok',
      listed,
      fetched,
      bytes,
      deleted,
      kept,
      skipped,
      tooLarge,
      quarantined,
      durationMs: Math.round(durationMs),
      timings,
      error: error === undefined ? null : reportedError(error),
    };
  }

  #isPartial(): boolean {
    return this.firstRefusal !== undefined || this.question !== undefined || this.quarantined > 0;
  }
}
