import { type PlaceRecords, readOnlyAll } from '../delivery/read-only.ts';
import { MailError } from '../errors.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { Account } from './account.ts';

/**
 * Raises `ledger-lost` where the ledger knows nothing of what an account has carried, and there is mail in its Maildir that one of
 * us has delivered and no record stands for: then the ledger is another one than that which knew it, and "nothing is missing" would
 * be true of nothing.
 */
export async function refuseUnknownAccount(
  { name, destinations }: Pick<Account, 'name' | 'destinations'>,
  ledger: PlaceRecords & Pick<AccountLedger, 'isNew'>,
): Promise<void> {
  if (!ledger.isNew()) return;
  for (const place of readOnlyAll(destinations, ledger, name)) {
    const messages = await place.unrecorded();
    if (messages === 0) continue;
    const what = messages === 1 ? 'a message' : `${messages.toLocaleString('en-US')} messages`;
    throw new MailError(
      'ledger-lost',
      `The ledger does not know account "${name}", although a Mailferry has delivered ${what} to ${place.name} of which it has no record either.`,
      {
        hint: 'Name the right "stateDir", or put the ledger back; if it is lost, the next poll works it out anew, as far as it can.',
      },
    );
  }
}
