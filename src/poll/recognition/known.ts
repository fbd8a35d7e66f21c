import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord, RecordId, RecordsByUniqueId } from '../../ledger/record.ts';
import type { UniqueId } from '../../pop3/types.ts';
import { RecordTable } from '../columns/record-table.ts';
import type { Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';

/** What the ledger knows of the messages of a listing. */
export interface KnownMessages {
  /** All records with this unique-id, gone and missing ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The records of listed messages that should not be listed: gone ones, and those that are listed again. */
  listedAgain(): RecordsByUniqueId;
  /** The records, but those that are `gone`, that were listed until now and are not any more, without our doing. */
  missing(gone: ReadonlySet<RecordId>): ReadonlyMap<RecordId, UniqueId>;
  /** The records that DELE was sent for and that are not listed any more, whether QUIT was answered or not. */
  deleted(): ReadonlySet<RecordId>;
  /**
   * What became of the messages that should be listed and that nobody has tried to delete: `listed` if all are, `vanished`
   * if none is, so that the server has probably changed its unique-ids. Undefined where there are no such messages, or some
   * of both.
   */
  keptAre(): 'listed' | 'vanished' | undefined;
  /**
   * Whether some message that should be listed is not. Also true when none should be, as after an empty listing, unless all
   * are listed again.
   */
  someAreMissing(): boolean;
}

/**
 * Reads at once the records that should be listed, and the others of this listing, all together, only when one of them is
 * asked for. Knows nothing that is recorded later. `renamed`: the unique-ids that the server lists now, by those in the
 * records.
 */
export function knownMessages(
  ledger: Pick<AccountLedger, 'eachListed' | 'withUniqueIds'>,
  listing: Listing,
  renamed: ReadonlyMap<UniqueId, UniqueId> = new Map(),
): KnownMessages {
  const records = new RecordTable(listing.messages, ledger.eachListed(), renamed);
  let others: RecordsByUniqueId | undefined;
  const listedAgain = (): RecordsByUniqueId =>
    (others ??= ledger.withUniqueIds(unrecorded(listing, records)));
  return {
    withUniqueId: (uid) => records.get(uid) ?? listedAgain().get(uid) ?? [],
    listedAgain,
    deleted: () => {
      if (!tellsWhatIsGone(listing)) return new Set();
      const absent = [...records.unlisted()].flatMap(([, alike]) => alike);
      return new Set(absent.filter(({ deleSent }) => deleSent).map(({ id }) => id));
    },
    keptAre: () => {
      const areListed = some(records.listed(), isKept);
      const haveVanished = some(records.unlisted(), ([, absent]) => isKept(absent));
      if (areListed === haveVanished) return undefined;
      return areListed ? 'listed' : 'vanished';
    },
    missing: (gone) => {
      const missing = new Map<RecordId, UniqueId>();
      for (const [uid, absent] of records.unlisted()) {
        for (const { id } of absent) if (!gone.has(id)) missing.set(id, uid);
      }
      return missing;
    },
    someAreMissing: () => {
      if (records.size > 0) return some(records.unlisted(), () => true);
      const { length } = listing.messages;
      return length === 0 || listedAgain().size < length;
    },
  };
}

/** Whether nobody has tried to delete at least one of these. */
function isKept(alike: readonly LedgerRecord[]): boolean {
  return alike.some(({ deleSent }) => !deleSent);
}

function some<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (holds(item)) return true;
  return false;
}

/** The unique-ids of a listing that are those of no record that should be listed. */
function* unrecorded({ messages }: Listing, records: RecordTable): Iterable<UniqueId> {
  for (const { uid } of messages) if (uid !== undefined && !records.has(uid)) yield uid;
}

/**
 * Whether a listing proves that what is not in it is gone. Not one that lacks anything, even one usable unique-id, and not
 * one whose unique-ids are all mere numbers, which pass to other messages.
 */
function tellsWhatIsGone({ messages, claimed, hasUniqueIds }: Listing): boolean {
  const areNamed = hasUniqueIds && messages.every(({ uid }) => uid !== undefined);
  const isWhole = areNamed && messages.length >= claimed;
  return isWhole && (messages.length === 0 || !messages.every(hasMereNumber));
}
