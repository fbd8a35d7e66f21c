import { expireDays } from '../pop3/capabilities.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { keptFor } from './deletion-policy.ts';
import type { Plan } from './plan.ts';
import type { Poll } from './poll.ts';

const DAY_MS = 86_400_000;

/**
 * Tells the user of a server that removes messages by itself before the configuration does (RFC 2449 §6.7): always where
 * that is as soon as they are retrieved, else once.
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
