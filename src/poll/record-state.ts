import type { LedgerRecord } from '../ledger/ledger.ts';
import { MAX_ATTEMPTS, QUARANTINE_RETRY_MS } from './limits.ts';

/** Whether an attempt at a message did not end well. */
export function hasFailed({ outcome }: LedgerRecord): boolean {
  return outcome === 'failed' || outcome === 'quarantined';
}

/** In this very poll; a time to come means that the clock was set back. */
export function wasTriedNow(
  { triedAt }: LedgerRecord,
  { startedAt, now }: { readonly startedAt: number; readonly now: number },
): boolean {
  return triedAt >= startedAt && triedAt <= now;
}

/** Whether it is left alone for now. */
export function isQuarantined(record: LedgerRecord | undefined, { now }: { readonly now: number }): boolean {
  return record?.outcome === 'quarantined' && Math.abs(now - record.triedAt) < QUARANTINE_RETRY_MS;
}

/** A unique-id that was gone, or missing for a while, and is listed again may stand for another message now. */
export function isStillThere(record: LedgerRecord): boolean {
  return record.goneAt === undefined && record.missingAt === undefined;
}

/** Whether a failed attempt, counted with the earlier ones, was the last that is made. */
export function isLastAttempt(record: LedgerRecord | undefined): boolean {
  return (record?.attempts ?? 0) + 1 >= MAX_ATTEMPTS;
}
