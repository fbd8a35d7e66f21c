import type { Destination } from '../../delivery/destination.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { FoundMessage } from '../../ledger/record.ts';
import { withoutMoved } from '../../ledger/taken.ts';
import { countText } from '../../wire/text.ts';
import { tagFor } from '../identity.ts';
import { MAX_OCCURRENCES } from '../limits.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';

/**
 * Notes what stands in the destinations when the ledger does not know the account, as far as no name tells whose it is. The
 * ledger may have been lost, and nothing of that may be stored a second time in silence (I8). In an mbox that is everything,
 * even somebody else’s: it is only compared with the listing. In a Maildir it is what was delivered for this account without
 * a unique-id of its own, and what is `doubtful`, perhaps not what its name says.
 */
export async function noteWhatStands(
  listing: Listing,
  doubtful: readonly FoundMessage[],
  { ledger, destinations, account, observer, ledgerWasPutBack }: Poll,
): Promise<void> {
  const found = [
    ...doubtful,
    ...(await findNameless(listing, { account: account.name, destinations, ledger })),
  ];
  if (found.length === 0) return;
  await ledger.noteFound(found);
  observer.noticed?.(
    account.name,
    `The ledger ${ledgerWasPutBack ? 'was put back from a backup' : ledger.isNew() ? 'does not know this account' : 'may not know all that was carried'}; what the server lists is compared with the ${countText(found.length, 'message')} at the destination.`,
  );
}

/** What stands there of which no name tells whose it is, and which is not the moved copy of one that is recorded. */
export async function findNameless(
  listing: Listing,
  { account, destinations, ledger }: Searched,
): Promise<FoundMessage[]> {
  const uids = namelessUniqueIds(listing);
  const found: FoundMessage[] = [];
  for (const destination of destinations) {
    if (uids.size === 0 && destination.hasNames) continue;
    const there = await readFound(destination, (sha256) => tagsOf(account, uids, sha256));
    found.push(...(destination.hasNames ? there : withoutMoved(there, ledger.taken(destination.name))));
  }
  return found;
}

/** Where `findNameless` looks, and what tells it which of that is recorded. */
export interface Searched {
  readonly account: string;
  readonly destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'messages'>[];
  readonly ledger: Pick<AccountLedger, 'taken'>;
}

/** The unique-ids that do not tell one message; undefined stands for having none, or a mere number. */
function namelessUniqueIds({ messages }: Listing): ReadonlySet<ListedMessage['uid']> {
  const nameless = messages.filter((one) => one.uid === undefined || one.twin || hasMereNumber(one));
  return new Set(nameless.map(({ uid, twin }) => (twin ? uid : undefined)));
}

function tagsOf(
  account: string,
  uids: ReturnType<typeof namelessUniqueIds>,
  sha256: string,
): ReadonlySet<string> {
  const tags = new Set<string>();
  for (const uid of uids) {
    for (let occurrence = 0; occurrence < MAX_OCCURRENCES; occurrence += 1) {
      tags.add(tagFor({ account, uid, sha256, occurrence }));
    }
  }
  return tags;
}

async function readFound(
  destination: Pick<Destination, 'messages'>,
  tagsWith: (sha256: string) => ReadonlySet<string>,
): Promise<FoundMessage[]> {
  const found: FoundMessage[] = [];
  for await (const { receipt, received, tag } of destination.messages()) {
    if (tag === undefined || tagsWith(received.sha256).has(tag)) found.push({ receipt, received });
  }
  return found;
}
