import type { Receipt } from '../delivery/destination.ts';
import type { UniqueId } from '../pop3/types.ts';
import { tagFor } from './identity.ts';
import type { Listing } from './listing.ts';
import type { Poll } from './poll.ts';

/**
 * After a poll that was killed: looks in the destinations for messages that had become visible and were not
 * recorded, and records them, so that they are not delivered again (I3). Costs nothing after a clean end.
 */
export async function recover(listing: Listing, poll: Poll): Promise<void> {
  if (!poll.interrupted) return;
  const unrecorded = new Map<string, UniqueId>();
  for (const { uid, twin } of listing.messages) {
    if (uid === undefined || twin) continue;
    if (poll.ledger.withUniqueId(uid).some(({ outcome }) => outcome === 'delivered')) continue;
    unrecorded.set(tagFor({ account: poll.account.name, uid, occurrence: 0 }), uid);
  }
  const found = await searchDestinations(new Set(unrecorded.keys()), poll);
  for (const [tag, receipts] of found) {
    const uid = unrecorded.get(tag);
    if (uid === undefined) continue;
    await poll.ledger.recordDelivery({
      record: poll.ledger.withUniqueId(uid).at(-1)?.id,
      uid,
      tag,
      octets: undefined,
      sha256: undefined,
      messageId: undefined,
      headerSha256: undefined,
      receipts,
      complete: receipts.length === poll.destinations.length,
      at: poll.runtime.now(),
    });
  }
  poll.observer.noticed?.(
    poll.account.name,
    `The poll before did not end; ${found.size} of its messages had been delivered and are recorded now.`,
  );
}

async function searchDestinations(
  tags: ReadonlySet<string>,
  poll: Poll,
): Promise<ReadonlyMap<string, readonly Receipt[]>> {
  const found = new Map<string, Receipt[]>();
  for (const destination of poll.destinations) {
    const intents = poll.ledger.openIntents(destination.name);
    for (const [tag, receipt] of await destination.recover({ tags, intents })) {
      found.set(tag, [...(found.get(tag) ?? []), receipt]);
    }
  }
  return found;
}
