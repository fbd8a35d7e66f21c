import { MailError } from '../errors.ts';
import { type AccountLedger, dayOf } from '../ledger/ledger.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Listing } from './listing.ts';
import type { PollReport } from './report.ts';

const REFUSED = 'The server refuses UIDL, by which its messages were known until now.';

/**
 * Raises `server-temporary` where a server that has listed unique-ids before refuses to. It may be rebuilding its index, and
 * to compare everything by content would cost a download of the whole maildrop, and tell less. Not so where CAPA says that
 * it has none, nor where it refused in the poll before, too: then it has none any more, and no account waits for ever.
 */
export function assertNamed(
  { hasUniqueIds, messages }: Listing,
  { capabilities }: Pick<Transaction, 'capabilities'>,
  ledger: Pick<AccountLedger, 'eachListed' | 'summary'>,
): void {
  if (hasUniqueIds || messages.length === 0 || capabilities?.has('UIDL') === false) return;
  if (!hasSome(ledger.eachListed()) || lastError(ledger) === REFUSED) return;
  throw new MailError('server-temporary', REFUSED, {
    hint: 'The next poll tries again; if it is refused once more, all is compared by its content.',
  });
}

function hasSome(items: Iterable<unknown>): boolean {
  for (const _ of items) return true;
  return false;
}

/** Why the last poll of the account has failed, in words. */
function lastError(ledger: Pick<AccountLedger, 'summary'>): string | undefined {
  const { lastReport } = ledger.summary(dayOf(0));
  if (lastReport === undefined) return undefined;
  return (JSON.parse(lastReport) as PollReport).error?.message;
}
