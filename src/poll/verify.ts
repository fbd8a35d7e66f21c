import type { Destination, Receipt, StoredState } from '../delivery/destination.ts';
import { lostWithEnd } from '../delivery/mbox/cut.ts';
import { lostBehindEnd } from '../delivery/mbox/lost-end.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import { statesAt, withStates } from './stored-states.ts';

/** What became of all that was delivered to one destination. */
export interface Verification {
  readonly destination: string;
  readonly intact: number;
  /** How many are there as delivered, but for fields that mail programs write into a header. */
  readonly marked: number;
  /**
   * How many messages are known only from what stood there when the ledger was lost: that they are as they were then says
   * nothing about the time before.
   */
  readonly workedOut: number;
  /** Not what was delivered any more. */
  readonly changed: readonly Amiss[];
  /** Moved or deleted by the owner, or lost. */
  readonly missing: readonly Amiss[];
  /** How many of these were lost with the end of an mbox. */
  readonly cutOff: number;
  /** There, but nobody can tell whether it is what was delivered. */
  readonly unreadable: readonly Amiss[];
  /** How many somebody has taken over who answers for them: nobody can look there. */
  readonly handedOver: number;
}

/** Where in the destination a message is, or was, that is not as it was delivered, and which one that is. */
export type Amiss = Pick<Receipt, 'location' | 'messageId'>;

/** What is asked of the ledger. */
type Remembering = Pick<AccountLedger, 'deliveries' | 'workedOut' | 'arrivals'>;

/**
 * Re-reads everything that the ledger says was delivered to a destination, and compares the hashes. Keeps of it only what is
 * amiss (I7). Raises `destination-unusable` where it is not there, and `destination-io` where it cannot be read.
 */
export async function verifyDestination(
  destination: Pick<Destination, 'name' | 'inspect'>,
  ledger: Remembering & Pick<AccountLedger, 'used'>,
): Promise<Verification> {
  const { name } = destination;
  const look = (receipts: Iterable<Receipt>): AsyncIterable<StoredState> => destination.inspect(receipts);
  // One that was never used need not be there.
  const states = ledger.used(name) ? withStates(withReceipts(ledger.deliveries(name)), look) : [];
  return tally(name, states, ledger);
}

/** The same for a place that is not configured any more. What stands elsewhere under its old names counts as there. */
export async function verifyFormer(
  place: string,
  destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'inspect'>[],
  ledger: Remembering & Pick<AccountLedger, 'recordedAs'>,
): Promise<Verification> {
  const stored = [...withReceipts(ledger.deliveries(place))];
  const states = await statesAt(place, stored, destinations, ledger);
  return tally(
    place,
    stored.map((one) => [one, states.get(one) ?? 'lost'] as const),
    ledger,
  );
}

async function tally(
  destination: string,
  states:
    | AsyncIterable<readonly [{ readonly receipt: Receipt }, StoredState]>
    | Iterable<readonly [{ readonly receipt: Receipt }, StoredState]>,
  ledger: Pick<AccountLedger, 'workedOut' | 'arrivals'>,
): Promise<Verification> {
  const count = { intact: 0, marked: 0, 'handed-over': 0 };
  const amiss: Record<Exclude<StoredState, keyof typeof count>, Receipt[]> = {
    changed: [],
    missing: [],
    lost: [],
    unreadable: [],
  };
  for await (const [{ receipt }, state] of states)
    if (state === 'intact' || state === 'marked' || state === 'handed-over') count[state] += 1;
    else amiss[state].push(receipt);
  const { changed, missing, lost, unreadable } = amiss;
  return {
    destination,
    intact: count.intact,
    marked: count.marked,
    workedOut: ledger.workedOut(destination),
    changed,
    missing: [...missing, ...lost],
    cutOff: await cutOff(destination, missing, ledger),
    unreadable,
    handedOver: count['handed-over'],
  };
}

/** How many of these were lost with the end of an mbox, whole or but for a piece of one. */
async function cutOff(
  destination: string,
  missing: readonly Receipt[],
  ledger: Pick<AccountLedger, 'arrivals'>,
): Promise<number> {
  if (missing.length === 0) return 0;
  const places = new Set(missing.map(({ location, sha256 }) => `${location} ${sha256}`));
  const records = new Set<number>();
  for (const { record, receipt } of ledger.arrivals(destination))
    if (places.has(`${receipt.location} ${receipt.sha256}`)) records.add(record);
  const behind = await lostBehindEnd(destination, records, ledger);
  const withPiece = await lostWithEnd(destination, records, ledger);
  return new Set([...behind, ...withPiece.keys()]).size;
}

function* withReceipts(receipts: Iterable<Receipt>): Iterable<{ readonly receipt: Receipt }> {
  for (const receipt of receipts) yield { receipt };
}
