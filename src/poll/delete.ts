import { asMailError } from '../errors.ts';
import type { RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import { ReplyError } from '../pop3-client/errors.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { PIPELINE_COMMANDS } from '../wire/limits.ts';
import { deletableUntil, planDeletions } from './plan.ts';
import type { Poll } from './poll.ts';

/**
 * Sends DELE for every message of this session that the ledger gives as deletable (I1: it is asked now, after
 * all was recorded). Returns the records whose DELE was accepted; they are gone only when QUIT is answered.
 */
export async function markDeletions(
  session: Transaction,
  bound: ReadonlyMap<MessageNumber, RecordId>,
  poll: Poll,
): Promise<readonly RecordId[]> {
  const { account, ledger, runtime } = poll;
  const until = deletableUntil(account.deletion, runtime.now());
  if (until === undefined || bound.size === 0) return [];
  const numbers = planDeletions(bound, ledger.deletable(until));
  if (numbers.length === 0) return [];
  await ledger.noteDeleSent(recordsOf(numbers, bound), runtime.now());
  const accepted: MessageNumber[] = [];
  for (let from = 0; from < numbers.length; from += PIPELINE_COMMANDS) {
    const group = numbers.slice(from, from + PIPELINE_COMMANDS);
    const results = await Promise.all(group.map((number) => markOne(session, number, poll)));
    accepted.push(...group.filter((_, index) => results[index]));
  }
  return recordsOf(accepted, bound);
}

/**
 * QUIT: the server enters the UPDATE state. Records the deletions as real only when it says that they are; a
 * server that could not do all of them (RFC 1939 §6) will list the rest again. Returns how many are gone.
 */
export async function confirmDeletions(
  session: Transaction,
  marked: readonly RecordId[],
  poll: Poll,
): Promise<number> {
  try {
    await session.quit();
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    poll.tally.firstRefusal ??= error;
    return 0;
  }
  await poll.ledger.noteGone(marked, poll.runtime.now());
  return marked.length;
}

/** A message that the server refuses to mark stays there and is tried again at the next poll. */
async function markOne(session: Transaction, number: MessageNumber, poll: Poll): Promise<boolean> {
  try {
    await session.dele(number);
    return true;
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    poll.observer.noticed?.(poll.account.name, asMailError(error).message);
    return false;
  }
}

function recordsOf(
  numbers: readonly MessageNumber[],
  bound: ReadonlyMap<MessageNumber, RecordId>,
): readonly RecordId[] {
  return numbers.map((number) => bound.get(number)).filter((record) => record !== undefined);
}
