import type { AccountLedger } from '../../ledger/ledger.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber, Octets } from '../../pop3/types.ts';
import type { Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { KnownMessages } from './known.ts';

/** A unique-id that counts messages: another maildrop, or one that was made anew, gives it too. */
const COUNTS = /^\d+$/;

/**
 * The adopted messages that were not listed for a while, as where a server once lists an empty maildrop, or the account has another
 * server or user by now, and are listed again. Of what somebody else has carried nothing is known but the unique-id and the size
 * that was listed with it: both have to be the very same. Else it would come a second time, and be deleted on the server for that.
 * A number does not tell where all that was carried may be that of another maildrop.
 */
export function adoptedAgain(
  { messages }: Listing,
  known: Pick<KnownMessages, 'listedAgain'>,
  { renumbering }: { readonly renumbering: boolean },
): ReadonlyMap<MessageNumber, RecordId> {
  const again = new Map<MessageNumber, RecordId>();
  for (const [uid, records] of known.listedAgain()) {
    const position = messages.positionOf(uid);
    const message = position === undefined ? undefined : messages.at(position);
    const [record, ...others] = records;
    if (message === undefined || message.twin || hasMereNumber(message)) continue;
    if (record?.outcome !== 'adopted' || others.length > 0 || record.goneAt !== undefined) continue;
    if (renumbering && COUNTS.test(uid)) continue;
    if ((message.octets ?? 0) > 0 && message.octets === record.listedOctets)
      again.set(message.number, record.id);
  }
  return again;
}

/** With which sizes messages are listed that another program remembers, of which no size is known yet. */
export function sizesOfImported(
  { messages }: Listing,
  ledger: Pick<AccountLedger, 'importedUnsized'>,
): ReadonlyMap<RecordId, Octets> {
  const sizes = new Map<RecordId, Octets>();
  for (const [uid, record] of ledger.importedUnsized()) {
    const position = messages.positionOf(uid);
    const message = position === undefined ? undefined : messages.at(position);
    if (message?.octets !== undefined && !message.twin) sizes.set(record, message.octets);
  }
  return sizes;
}
