import { MailError } from '../../errors.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { ListedMessage } from '../listing.ts';
import type { Poll } from '../poll.ts';
import type { Search } from './named.ts';

/**
 * Raises `ledger-lost` for an account that was renamed: the names at the destination tell nothing about it, and what was
 * carried under the old name must not come a second time in silence. A second account for the same maildrop looks the same.
 */
export function refuseOtherName({ unrecorded, named }: Search, { ledger, account }: Poll): void {
  const carried = ledger.carriedAs();
  if (carried.size === 0) return;
  const names: string[] = [];
  for (const [tag, { uid }] of unrecorded) {
    const name = uid === undefined || named.has(tag) ? undefined : carried.get(uid);
    if (name !== undefined) names.push(name);
  }
  const [name] = names;
  if (name === undefined) return;
  throw new MailError(
    'ledger-lost',
    `The ledger does not know this account, but it has carried ${names.length.toLocaleString('en-US')} of its messages as "${name}".`,
    {
      hint: `If it was renamed, call it "${name}" again, or count all that is listed now as carried, even what has come since: mailferry adopt ${account.name}; to carry it a second time: mailferry adopt --none ${account.name}`,
    },
  );
}

/**
 * Raises `ledger-lost` where the ledger was lost and the owner has moved some of the mail. What is listed before the newest
 * message that is still here was probably carried too, and must not come a second time in silence. When the ledger is known
 * to have been lost, that holds for everything that was not found; so it does when it was put back and all mail is handed
 * over. `recognised`: what stands there without a name.
 */
export function refuseLostLedger(
  { unrecorded, named }: Search,
  recognised: ReadonlySet<MessageNumber>,
  { ledger, account, ledgerWasPutBack, destinations }: Poll,
): void {
  const nowhereToLook = destinations.every(({ isReadable }) => !isReadable);
  const isKnownLoss = ledger.replaced !== undefined || (ledgerWasPutBack && nowhereToLook);
  if (!isKnownLoss && named.size === 0 && recognised.size === 0) return;
  const isThere = (tag: string, { number }: ListedMessage): boolean =>
    named.has(tag) || recognised.has(number);
  let [there, newest, unexplained] = [0, 0, 0];
  for (const [tag, message] of unrecorded) {
    if (!isThere(tag, message)) continue;
    there += 1;
    newest = Math.max(newest, message.number);
  }
  for (const [tag, message] of unrecorded) {
    if ((isKnownLoss || message.number < newest) && !isThere(tag, message)) unexplained += 1;
  }
  if (unexplained === 0) return;
  throw new MailError(
    'ledger-lost',
    `The ledger ${ledgerWasPutBack ? 'was put back from a backup' : 'does not know this account'}. ${there} of its messages are at the destination; of ${unexplained} others it cannot tell whether they were carried.`,
    {
      hint: `To carry those that were not found, a second time where you have moved or deleted them here: mailferry adopt --none ${account.name}; to download nothing of what is listed now, not even what has come since, and leave it on the server for good: mailferry adopt ${account.name}`,
    },
  );
}
