import type { LedgerRecord } from '../ledger/record.ts';
import type { UniqueId } from '../pop3/types.ts';
import { MAX_ATTEMPTS, QUARANTINE_RETRY_MS, SIZE_DRIFT_OCTETS } from './limits.ts';
import type { ListedMessage } from './listing.ts';
import { hasMereNumber } from './mere-number.ts';

/** Whether the last attempt at a message has failed. */
export function hasFailed({ outcome }: LedgerRecord): boolean {
  return outcome === 'failed' || outcome === 'quarantined';
}

/** The record of an attempt at a message that did not end well, if there was one under its unique-id. */
export function triedRecord(
  { uid }: ListedMessage,
  known: { withUniqueId(uid: UniqueId): readonly LedgerRecord[] },
): LedgerRecord | undefined {
  return uid === undefined ? undefined : known.withUniqueId(uid).find(hasFailed);
}

/** Whether the attempt was made in this very poll. One that lies in the future was not: the clock was set back since. */
export function wasTriedNow(
  { triedAt }: LedgerRecord,
  { startedAt, now }: { readonly startedAt: number; readonly now: number },
): boolean {
  return triedAt >= startedAt && triedAt <= now;
}

/** Whether its message is left alone for now, since it has failed too often. */
export function isQuarantined(record: LedgerRecord | undefined, { now }: { readonly now: number }): boolean {
  return record?.outcome === 'quarantined' && Math.abs(now - record.triedAt) < QUARANTINE_RETRY_MS;
}

/**
 * Whether the record is still believed: a unique-id that was gone or missing and is listed again may stand for another
 * message.
 */
export function isStillThere(record: LedgerRecord): boolean {
  return record.goneAt === undefined && record.missingAt === undefined;
}

/** Whether an attempt that fails now, counted with the earlier ones, is the last. */
export function isLastAttempt(record: LedgerRecord | undefined): boolean {
  return (record?.attempts ?? 0) + 1 >= MAX_ATTEMPTS;
}

/**
 * The record that a message most likely has, of those with its unique-id: the last one. Where several messages were carried
 * under it (twins of which one has another unique-id by now, a message that came in part first), the one nearest in size.
 */
export function likeliestRecord(
  records: readonly LedgerRecord[],
  message: ListedMessage,
): LedgerRecord | undefined {
  const last = records.at(-1);
  if (last === undefined || records.length === 1 || !isStored(last, message)) return last;
  const differenceOf = ({ octets }: LedgerRecord): number =>
    Math.abs((octets ?? Number.MAX_SAFE_INTEGER) - (message.octets ?? 0));
  return records
    .filter((record) => isStored(record, message))
    .reduce((best, record) => (differenceOf(record) <= differenceOf(best) ? record : best));
}

/** Whether this record says that the message is here, if only in part. */
export function isStored(record: LedgerRecord, message: ListedMessage): boolean {
  return record.outcome === 'delivered' && isStillThere(record) && !isDoubtful(record, message);
}

/**
 * Whether a message with the unique-id of a delivered one may be another one, by its size. Where the unique-id is a mere number,
 * which passes on to the next message when one before it goes, the size must be the very same. False where no size is known.
 */
export function isDoubtful(record: LedgerRecord, message: ListedMessage): boolean {
  const listed = record.listedOctets ?? (hasMereNumber(message) ? record.octets : undefined);
  if (listed === undefined) return false;
  if (hasMereNumber(message)) return message.octets !== listed;
  return Math.abs((message.octets ?? 0) - listed) > SIZE_DRIFT_OCTETS;
}

/**
 * Whether what a record has receipts for is of this content, with or without the marks of its readers. True where it has
 * none.
 */
export function isOfContent(
  { sha256, destinations }: LedgerRecord,
  received: { readonly sha256: string; readonly unmarkedSha256: string | undefined },
): boolean {
  if (sha256 === undefined || destinations.length === 0) return true;
  return sha256 === received.sha256 || sha256 === received.unmarkedSha256;
}

/** Whether a record of the same content can be the record of a message with that unique-id. */
export function mayBeRecordOf(
  record: LedgerRecord,
  message: ListedMessage,
  isAbsent: (record: LedgerRecord) => boolean,
): boolean {
  const { uid } = message;
  const isGone = record.goneAt !== undefined;
  // A mere number is given to another message once one is gone; a unique-id is not.
  if (uid !== undefined && record.uid === uid) return !(isGone && hasMereNumber(message));
  if (isGone) return false;
  return uid === undefined || record.uid === undefined || isAbsent(record);
}

/** Whether no destination has anything of a message: every attempt at it has failed. */
export function isNowhere(record: LedgerRecord): boolean {
  return hasFailed(record) && record.destinations.length === 0;
}

/**
 * Whether only what is stored here tells what a message was when it came: the ledger was lost since, or has no hash of it.
 */
export function lacksProof({ outcome, workedOut, sha256 }: LedgerRecord): boolean {
  return outcome === 'delivered' && (workedOut || sha256 === undefined);
}
