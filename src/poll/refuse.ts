import type { MailError } from '../errors.ts';
import { isLastAttempt, type Retrieval } from './plan.ts';
import type { Poll } from './poll.ts';

/**
 * Records that this one message could not be carried this time; the others are not affected (I9). `sha256`: of what
 * came of it, where that has to come the same once more. Without that, an attempt at a message without a unique-id
 * cannot be counted.
 */
export async function refuseMessage(
  { message, record }: Pick<Retrieval, 'message' | 'record'>,
  error: MailError,
  { tally, observer, account, ledger, runtime }: Poll,
  sha256?: string,
): Promise<void> {
  const quarantined = isLastAttempt(record);
  tally.firstRefusal ??= error;
  if (quarantined) tally.quarantined += 1;
  else tally.skipped += 1;
  observer.noticed?.(account.name, error.message);
  if (message.uid === undefined && sha256 === undefined) return;
  await ledger.recordFailure({
    record: record?.id,
    uid: message.uid,
    error: error.message,
    quarantined,
    // What other content the receipts of a record speak of stays what it is.
    sha256: record === undefined || record.destinations.length === 0 ? sha256 : undefined,
    at: runtime.now(),
  });
}
