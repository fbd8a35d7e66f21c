import type { AccountLedger, LedgerRecord, RecordId } from '../ledger/ledger.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { Listing } from './listing.ts';

/** What the ledger knows of the messages of a listing. */
export interface KnownMessages {
  /** All records with this unique-id, gone and missing ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The records that were listed until now and are not any more, without our doing. */
  missingFrom(listing: Listing): readonly RecordId[];
}

/** Reads the records that should be listed at once, and the others only when one is asked for. */
export function knownMessages(ledger: AccountLedger): KnownMessages {
  const listed = ledger.listed();
  return {
    withUniqueId: (uid) => listed.get(uid) ?? ledger.withUniqueId(uid),
    missingFrom: ({ messages }) => {
      const present = new Set(messages.map(({ uid }) => uid));
      return [...listed]
        .filter(([uid]) => !present.has(uid))
        .flatMap(([, records]) => records.map(({ id }) => id));
    },
  };
}
