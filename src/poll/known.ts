import type { AccountLedger, LedgerRecord, RecordId } from '../ledger/ledger.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { Listing } from './listing.ts';

/** What the ledger knows of the messages of a listing. */
export interface KnownMessages {
  /** All records with this unique-id, gone and missing ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The records that were listed until now and are not any more, without our doing. */
  missingFrom(listing: Listing): ReadonlyMap<RecordId, UniqueId>;
  /** Whether fewer of them are listed than not; also when none should be, as after an empty listing. */
  mostAreMissingFrom(listing: Listing): boolean;
}

/** Reads the records that should be listed at once, and the others only when one is asked for. */
export function knownMessages(ledger: AccountLedger): KnownMessages {
  const listed = ledger.listed();
  return {
    withUniqueId: (uid) => listed.get(uid) ?? ledger.withUniqueId(uid),
    missingFrom: (listing) => {
      const present = uniqueIdsOf(listing);
      const missing = new Map<RecordId, UniqueId>();
      for (const [uid, records] of listed) {
        if (!present.has(uid)) for (const { id } of records) missing.set(id, uid);
      }
      return missing;
    },
    mostAreMissingFrom: (listing) => {
      const present = uniqueIdsOf(listing);
      const there = [...listed.keys()].filter((uid) => present.has(uid)).length;
      return there * 2 <= listed.size;
    },
  };
}

function uniqueIdsOf({ messages }: Listing): ReadonlySet<UniqueId | undefined> {
  return new Set(messages.map(({ uid }) => uid));
}
