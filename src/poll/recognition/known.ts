import type { AccountLedger, LedgerRecord, RecordId, RecordsByUniqueId } from '../../ledger/ledger.ts';
import type { UniqueId } from '../../pop3/types.ts';
import type { ListedMessage, Listing } from '../listing.ts';

/** What the ledger knows of the messages of a listing. */
export interface KnownMessages {
  /** All records with this unique-id, gone and missing ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The records, but those that are `gone`, that were listed until now and are not any more, without our doing. */
  missingFrom(listing: Listing, gone: ReadonlySet<RecordId>): ReadonlyMap<RecordId, UniqueId>;
  /** The records that DELE was sent for and that are not listed any more, whether QUIT was answered or not. */
  deletedFrom(listing: Listing): ReadonlySet<RecordId>;
  /**
   * Of the messages that nobody has tried to delete: whether all that should be listed are, or have vanished, so that
   * the server has probably changed its unique-ids. Undefined where there are none, or some of both.
   */
  othersIn(listing: Listing): 'listed' | 'vanished' | undefined;
  /** Whether one of them is not listed any more; also when none should be, as after an empty listing. */
  someAreMissingFrom(listing: Listing): boolean;
}

/**
 * Reads the records that should be listed at once, and the others of this listing, all of them, only when one is asked
 * for: what is recorded later is not known to it. `renamed`: unique-ids that stand for others in the records, by these.
 */
export function knownMessages(
  ledger: Pick<AccountLedger, 'listed' | 'withUniqueIds'>,
  { messages }: Pick<Listing, 'messages'>,
  renamed: ReadonlyMap<UniqueId, UniqueId> = new Map(),
): KnownMessages {
  const recorded = ledger.listed();
  const listed =
    renamed.size === 0
      ? recorded
      : new Map([...recorded].map(([uid, records]) => [renamed.get(uid) ?? uid, records]));
  let unlisted: RecordsByUniqueId | undefined;
  const readOthers = (): RecordsByUniqueId =>
    ledger.withUniqueIds(messages.flatMap(({ uid }) => (uid === undefined || listed.has(uid) ? [] : [uid])));
  return {
    withUniqueId: (uid) => listed.get(uid) ?? (unlisted ??= readOthers()).get(uid) ?? [],
    deletedFrom: (listing) => {
      if (!tellsWhatIsGone(listing)) return new Set();
      const present = uniqueIdsOf(listing);
      const absent = [...listed].filter(([uid]) => !present.has(uid)).flatMap(([, records]) => records);
      return new Set(absent.filter(({ deleSent }) => deleSent).map(({ id }) => id));
    },
    othersIn: (listing) => {
      const present = uniqueIdsOf(listing);
      const kept = [...listed].filter(([, records]) => records.some(({ deleSent }) => !deleSent));
      const areListed = new Set(kept.map(([uid]) => present.has(uid)));
      if (areListed.size !== 1) return undefined;
      return areListed.has(true) ? 'listed' : 'vanished';
    },
    missingFrom: (listing, gone) => {
      const present = uniqueIdsOf(listing);
      const missing = new Map<RecordId, UniqueId>();
      for (const [uid, records] of listed) {
        if (present.has(uid)) continue;
        for (const { id } of records) if (!gone.has(id)) missing.set(id, uid);
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

/** A listing that lacks something, a usable unique-id too, tells nothing; nor does one by message numbers, which pass on to other messages. */
function tellsWhatIsGone({ messages, claimed, hasUniqueIds }: Listing): boolean {
  const areNamed = hasUniqueIds && messages.every(({ uid }) => uid !== undefined);
  const isWhole = areNamed && messages.length >= claimed;
  return isWhole && (messages.length === 0 || !messages.every(isNumbered));
}

/** Whether the unique-id of a message is nothing but its number, which another one has once it is deleted. */
export function isNumbered({ number, uid }: ListedMessage): boolean {
  return uid === String(number);
}
