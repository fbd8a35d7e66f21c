import type { Destination, Receipt, StoredState } from '../delivery/destination.ts';
import { lostWithEnd } from '../delivery/mbox/cut.ts';
import { lostBehindEnd } from '../delivery/mbox/lost-end.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { RecordedDelivery } from '../ledger/record.ts';
import { statesAt, withStates } from './stored-states.ts';

/** What became of all that was delivered to one destination. */
export interface Verification {
  readonly destination: string;
  readonly intact: number;
  /** How many are there as delivered, except for fields that mail programs write into a header. */
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
  const states = ledger.used(name) ? withStates(ledger.deliveries(name), look) : [];
  return tally(name, states, ledger);
}

/** The same for a place that is not configured any more. What stands elsewhere under its old names counts as there. */
export async function verifyFormer(
  place: string,
  destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'inspect'>[],
  ledger: Remembering & Pick<AccountLedger, 'recordedAs' | 'recordedAt'>,
): Promise<Verification> {
  const stored = [...ledger.deliveries(place)];
  const states = await statesAt(place, stored, destinations, ledger);
  return tally(
    place,
    stored.map((one) => [one, states.get(one) ?? 'lost'] as const),
    ledger,
  );
}

type StatedDelivery = readonly [RecordedDelivery, StoredState];

async function tally(
  destination: string,
  states: AsyncIterable<StatedDelivery> | Iterable<StatedDelivery>,
  ledger: Pick<AccountLedger, 'workedOut' | 'arrivals'>,
): Promise<Verification> {
  const count = { intact: 0, marked: 0, 'handed-over': 0 };
  const amiss: Record<Exclude<StoredState, keyof typeof count>, RecordedDelivery[]> = {
    changed: [],
    missing: [],
    lost: [],
    unreadable: [],
  };
  for await (const [one, state] of states)
    if (state === 'intact' || state === 'marked' || state === 'handed-over') count[state] += 1;
    else amiss[state].push(one);
  const { changed, missing, lost, unreadable } = amiss;
  return {
    destination,
    intact: count.intact,
    marked: count.marked,
    workedOut: ledger.workedOut(destination),
    changed: changed.map(receiptOf),
    missing: [...missing, ...lost].map(receiptOf),
    cutOff: await cutOff(destination, missing, ledger),
    unreadable: unreadable.map(receiptOf),
    handedOver: count['handed-over'],
  };
}

/** How many of these were lost with the end of an mbox, whole or but for a piece of one. */
async function cutOff(
  destination: string,
  missing: readonly RecordedDelivery[],
  ledger: Pick<AccountLedger, 'arrivals'>,
): Promise<number> {
  const records = new Set(missing.map(({ record }) => record));
  const behind = await lostBehindEnd(destination, records, ledger);
  const withPiece = await lostWithEnd(destination, records, ledger);
  return new Set([...behind, ...withPiece.keys()]).size;
}

function receiptOf({ receipt }: RecordedDelivery): Receipt {
  return receipt;
}
