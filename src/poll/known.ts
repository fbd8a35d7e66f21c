import type { AccountLedger, LedgerRecord, RecordId } from '../ledger/ledger.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { Listing } from './listing.ts';

/** What the ledger knows of the messages of a listing. */
export interface KnownMessages {
  /** All records with this unique-id, gone and missing ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The records that were listed until now and are not any more, without our doing. */
  missingFrom(listing: Listing): ReadonlyMap<RecordId, UniqueId>;
  /** Whether one of them is not listed any more; also when none should be, as after an empty listing. */
  someAreMissingFrom(listing: Listing): boolean;
}

/**
 * Reads the records that should be listed at once, and the others only when one is asked for. `renamed`: unique-ids
 * that stand for others in the records, by these.
 */
export function knownMessages(
  ledger: AccountLedger,
  renamed: ReadonlyMap<UniqueId, UniqueId> = new Map(),
): KnownMessages {
  const recorded = ledger.listed();
  const listed =
    renamed.size === 0
      ? recorded
      : new Map([...recorded].map(([uid, records]) => [renamed.get(uid) ?? uid, records]));
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
    someAreMissingFrom: (listing) => {
      const present = uniqueIdsOf(listing);
      return listed.size === 0 || [...listed.keys()].some((uid) => !present.has(uid));
    },
  };
}

function uniqueIdsOf({ messages }: Listing): ReadonlySet<UniqueId | undefined> {
  return new Set(messages.map(({ uid }) => uid));
}
