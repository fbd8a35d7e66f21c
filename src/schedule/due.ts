import { createHash } from 'node:crypto';
import type { Schedule } from './cron.ts';

/** Jitter never moves a poll by more than this part of the time between two. */
const LARGEST_PART = 10;

/** A cron moment this close behind the clock was just kept: clocks are corrected by such small amounts. */
const JUST_KEPT_MS = 60_000;

export interface DueQuestion {
  readonly account: string;
  readonly schedule: Schedule;
  /** The largest delay in milliseconds that keeps accounts from being polled all at the same moment. */
  readonly jitterMs: number;
}

/**
 * When the next poll is due, in milliseconds since 1970, after one that was due at `after`. The delay depends on
 * the name of the account only, so that a restart changes nothing.
 */
export function nextDue({ account, schedule, jitterMs }: DueQuestion, after: number): number {
  const planned = schedule.next(new Date(after)).getTime();
  const gap = schedule.kind === 'interval' ? schedule.milliseconds : planned - after;
  return planned + Math.floor(placeOf(account) * Math.min(jitterMs, gap / LARGEST_PART));
}

/**
 * From when on to look for the next moment once a poll has ended: what came by while it ran is left out. `due` is
 * when this one was due.
 */
export function lookFrom(schedule: Schedule, { due, now }: { due: number; now: number }): number {
  if (schedule.kind === 'interval') return due + schedule.milliseconds > now ? Math.min(due, now) : now;
  return due > now && due - now < JUST_KEPT_MS ? due : now;
}

/**
 * When an account is first due in this process: at once when a moment was missed while no daemon ran, otherwise when
 * the schedule says. An interval begins at once for an account that was never polled; a cron expression is kept.
 */
export function firstDue(question: DueQuestion, { lastPoll, now }: FirstDue): number {
  const { schedule } = question;
  if (lastPoll === undefined) return schedule.kind === 'interval' ? now : nextDue(question, now);
  // A poll in the future means that the clock was set back.
  const next = nextDue(question, Math.min(lastPoll, now));
  return Math.max(next, now);
}

interface FirstDue {
  /** Milliseconds since 1970. */
  readonly lastPoll: number | undefined;
  readonly now: number;
}

/** Where in the span of the jitter an account stands, from 0 to 1. */
function placeOf(account: string): number {
  return createHash('sha256').update(account).digest().readUInt32BE() / 2 ** 32;
}
