import { NoneTaken } from '../../delivery/handed-over/handed-over.ts';
import type { MailError } from '../../errors.ts';
import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { WireError } from '../../wire/errors.ts';
import { MAX_ATTEMPTS, MOST_LOST_SESSIONS, NO_ROOM_OCTETS } from '../limits.ts';
import { mayComeBack } from '../login-delay.ts';
import type { Retrieval } from '../plan.ts';
import type { Poll } from '../poll.ts';
import { EndlessHeader, RunOnHeader, type UnreadableHeader } from '../recognition/unreadable-header.ts';
import { hasFailed, isLastAttempt } from '../record-state.ts';

/**
 * Records that this one message could not be carried this time; the others are not affected (I9). `sha256`: of what
 * came of it, where that has to come the same once more. Without that, an attempt at a message without a unique-id
 * cannot be counted. `begun`: the record of what some destinations have of it.
 */
export async function refuseMessage(
  { message, record, reason }: Pick<Retrieval, 'message' | 'record'> & Partial<Pick<Retrieval, 'reason'>>,
  error: MailError,
  { tally, observer, account, ledger, runtime }: Poll,
  { sha256, begun = record?.id }: { readonly sha256?: string; readonly begun?: RecordId | undefined } = {},
): Promise<void> {
  if (reason === 'short' && record !== undefined) {
    // What was stored of it is as safe as before, and is not failed; the rest is asked for again in good time.
    tally.firstRefusal ??= error;
    tally.kept += 1;
    observer.noticed?.(account.name, error.message);
    return ledger.noteAskedAgain(record.id, message.octets, runtime.now());
  }
  const quarantined = isLastAttempt(record);
  tally.firstRefusal ??= error;
  if (quarantined) tally.quarantined += 1;
  else tally.skipped += 1;
  observer.noticed?.(account.name, ofMessage(message.number, error));
  if (message.uid === undefined && sha256 === undefined) return;
  await ledger.recordFailure({
    record: begun,
    uid: message.uid,
    error: error.message,
    quarantined,
    // What other content the receipts of a record speak of stays what it is.
    sha256: record === undefined || record.destinations.length === 0 ? sha256 : undefined,
    at: runtime.now(),
  });
}

/** What was wrong, and with which message. */
function ofMessage(number: MessageNumber, { message }: MailError): string {
  return message.includes(`essage ${number} `) ? message : `Message ${number}: ${message}`;
}

/**
 * A header that cannot be read costs one session. Its message counts as tried, so that its header is not asked for again;
 * whether it was carried, its content must tell then (I8, I9). A message that was carried by its record does not count as
 * tried. Resolves to whether the poll goes on in another session, or raises what ends it.
 */
export async function noteUnreadable(
  { listed, record, cause }: UnreadableHeader,
  session: Transaction,
  poll: Poll,
): Promise<boolean> {
  const mayGoOn = mayComeBack(session) && poll.framing.unreadableHeaders < MOST_LOST_SESSIONS;
  poll.framing.unreadableHeaders += 1;
  session.break(new WireError(cause.code, cause.message, { hint: cause.hint }));
  // That is nobody's fault.
  if (cause.code === 'aborted') throw cause;
  if (cause instanceof RunOnHeader && mayGoOn) {
    poll.framing.headersAlone = true;
    return true;
  }
  if (record !== undefined && !hasFailed(record)) await noteUnread(record, cause, poll);
  else await refuseMessage({ message: listed, record }, cause, poll);
  if (cause instanceof EndlessHeader && mayGoOn) return true;
  throw cause;
}

/**
 * The header of a carried message could not be read. A line that is cut says nothing of the message under way; one that is cut at
 * the same message twice, or a header without an end, may be its fault: then it counts as missing, and the next poll compares it,
 * so that it keeps no other from being deleted (I9).
 */
async function noteUnread(
  { id, uid, listedOctets, triedAt, deliveredAt }: LedgerRecord,
  cause: MailError,
  { ledger, runtime }: Poll,
): Promise<void> {
  const wasUnread = triedAt !== deliveredAt;
  if (uid !== undefined && (wasUnread || cause instanceof EndlessHeader))
    return ledger.noteMissing(new Map([[id, uid]]), runtime.now());
  return ledger.noteAskedAgain(id, listedOctets, runtime.now());
}

/**
 * A destination had no room for this message, or whoever takes mail over failed at it. It counts as an attempt, so that the
 * next poll tries it last: others may fare better. But not as one of the last attempts: it is never quarantined for that.
 * `begun`: the record of what some destinations have of it.
 */
export async function putLast(
  { message: { uid, octets = 0 }, record, reason }: Pick<Retrieval, 'message' | 'record' | 'reason'>,
  error: MailError,
  { ledger, runtime }: Poll,
  begun?: RecordId,
): Promise<void> {
  const mayBeItsFault =
    error instanceof NoneTaken || (error.code === 'disk-full' && octets >= NO_ROOM_OCTETS);
  if (!mayBeItsFault || uid === undefined) return;
  if ((reason !== 'new' && reason !== 'again') || hasBeenTriedOften(record)) return;
  const failure = { record: begun ?? record?.id, uid, error: error.message, quarantined: false };
  // The ledger may have no room either.
  await ledger.recordFailure({ ...failure, at: runtime.now() }).catch(() => undefined);
}

/**
 * Whoever takes mail over does not take this message now. The others go on (I9), and it is tried at each poll, as the last: who
 * says "later" means that it is never left alone.
 */
export async function postponeMessage(
  { message, record }: Pick<Retrieval, 'message' | 'record'>,
  error: MailError,
  { tally, observer, account, ledger, runtime }: Poll,
  { sha256, begun }: { readonly sha256: string; readonly begun: RecordId | undefined },
): Promise<void> {
  const { uid } = message;
  const at = runtime.now();
  tally.firstRefusal ??= error;
  tally.skipped += 1;
  observer.noticed?.(account.name, error.message);
  if (record !== undefined && hasBeenTriedOften(record)) {
    if (hasFailed(record)) await ledger.noteAskedAgain(record.id, message.octets, at);
    return;
  }
  const known = (record?.destinations.length ?? 0) > 0 ? undefined : sha256;
  const failure = { record: begun ?? record?.id, uid, sha256: known, error: error.message };
  await ledger.recordFailure({ ...failure, quarantined: false, at });
}

/** Whether one attempt more could be the last but one. */
function hasBeenTriedOften(record: LedgerRecord | undefined): boolean {
  return (record?.attempts ?? 0) >= MAX_ATTEMPTS - 2;
}
