import { expireDays } from '../pop3/capabilities.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { WireError } from '../wire/errors.ts';
import { keptFor } from './deletion-policy.ts';
import type { Plan } from './plan.ts';
import type { Poll } from './poll.ts';

const DAY_MS = 86_400_000;

/**
 * Warns of a server that removes messages by itself sooner than the configuration would (RFC 2449 §6.7): at every poll where
 * it does so right after they were retrieved, otherwise once.
 */
export function warnOfExpiry(
  { capabilities }: Transaction,
  { retrievals, further }: Pick<Plan, 'retrievals' | 'further'>,
  { account, observer, ledger }: Poll,
): void {
  const days = expireDays(capabilities);
  if (days === undefined || keptFor(account.deletion) <= days * DAY_MS) return;
  if (days === 0 && retrievals.length + further.messages > 0) {
    observer.noticed?.(
      account.name,
      'The server says that it removes messages by itself once they were retrieved, whatever "delete" says (EXPIRE 0).',
    );
  } else if (days > 0 && ledger.isNew()) {
    observer.noticed?.(
      account.name,
      `The server says that it removes messages by itself after ${days} days, whatever "delete" says (EXPIRE).`,
    );
  }
}

/**
 * Breaks off a session without QUIT where QUIT would have the server remove what was retrieved (RFC 2449 §6.7), and not all
 * of that is safe here (I1). The next session knows what was carried. Returns whether it has done so.
 */
export function keepRetrieved(session: Transaction, { account, observer }: Poll): boolean {
  if (expireDays(session.capabilities) !== 0) return false;
  const what =
    'Not all that was retrieved is safe, and the server removes it at QUIT (EXPIRE 0): the session ends without.';
  observer.noticed?.(account.name, what);
  session.break(new WireError('aborted', what));
  return true;
}
