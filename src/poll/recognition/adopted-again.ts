import type { AccountLedger } from '../../ledger/ledger.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber, Octets, UniqueId } from '../../pop3/types.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { KnownMessages } from './known.ts';

/** A unique-id that counts messages: another maildrop, or one that was made anew, gives it too. */
const COUNTS = /^\d+$/;

/**
 * The adopted messages that were not listed for a while, as where a server once lists an empty maildrop, or the account has another
 * server or user by now, and are listed again. Of what somebody else has carried nothing is known but the unique-id and the size
 * that was listed with it: both have to be the very same. Else it would come a second time, and be deleted on the server for that.
 * A number does not tell where all that was carried may be that of another maildrop, nor where the numbers have begun anew: then at
 * least as many stand for other sizes.
 */
export function adoptedAgain(
  listing: Listing,
  known: Pick<KnownMessages, 'listedAgain'>,
  { renumbering }: { readonly renumbering: boolean },
): ReadonlyMap<MessageNumber, RecordId> {
  const again = new Map<MessageNumber, RecordId>();
  const counted = new Set<MessageNumber>();
  let differing = 0;
  for (const [uid, [record, ...more]] of known.listedAgain()) {
    const message = namedBy(listing, uid);
    if (message === undefined || record?.outcome !== 'adopted' || more.length > 0) continue;
    if (record.goneAt !== undefined || (message.octets ?? 0) === 0) continue;
    const isSame = message.octets === record.listedOctets;
    if (isSame) again.set(message.number, record.id);
    if (!COUNTS.test(uid)) continue;
    if (isSame) counted.add(message.number);
    else if (record.listedOctets !== undefined) differing += 1;
  }
  if (renumbering || differing >= counted.size) for (const number of counted) again.delete(number);
  return again;
}

/** The message of that unique-id, where there is one, and the unique-id is more than its number. */
function namedBy({ messages }: Listing, uid: UniqueId): ListedMessage | undefined {
  const message = messages.named(uid);
  return message === undefined || message.twin || hasMereNumber(message) ? undefined : message;
}

/** With which sizes messages are listed that another program remembers, of which no size is known yet. */
export function sizesOfImported(
  { messages }: Listing,
  ledger: Pick<AccountLedger, 'importedUnsized'>,
): ReadonlyMap<RecordId, Octets> {
  const sizes = new Map<RecordId, Octets>();
  for (const [uid, record] of ledger.importedUnsized()) {
    const message = messages.named(uid);
    if (message?.octets !== undefined && !message.twin) sizes.set(record, message.octets);
  }
  return sizes;
}
