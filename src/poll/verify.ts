import type { Destination, Receipt, StoredState } from '../delivery/destination.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
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
  /** Where in the destination: not what was delivered any more. */
  readonly changed: readonly string[];
  /** Moved or deleted by the owner, or lost. */
  readonly missing: readonly string[];
  /** There, but nobody can tell whether it is what was delivered. */
  readonly unreadable: readonly string[];
  /** How many somebody has taken over who answers for them: nobody can look there. */
  readonly handedOver: number;
}

/**
 * Re-reads everything that the ledger says was delivered to a destination, and compares the hashes. Keeps of it only what is
 * amiss (I7). Raises `destination-unusable` where it is not there, and `destination-io` where it cannot be read.
 */
export async function verifyDestination(
  destination: Pick<Destination, 'name' | 'inspect'>,
  ledger: Pick<AccountLedger, 'deliveries' | 'used' | 'workedOut'>,
): Promise<Verification> {
  const { name } = destination;
  const workedOut = ledger.workedOut(name);
  // One that was never used need not be there.
  if (!ledger.used(name))
    return {
      destination: name,
      intact: 0,
      marked: 0,
      workedOut,
      changed: [],
      missing: [],
      unreadable: [],
      handedOver: 0,
    };
  const amiss: Record<Exclude<StoredState, 'intact' | 'marked' | 'handed-over'>, string[]> = {
    changed: [],
    missing: [],
    lost: [],
    unreadable: [],
  };
  let intact = 0;
  let marked = 0;
  let handedOver = 0;
  const stored = withReceipts(ledger.deliveries(name));
  for await (const [{ receipt }, state] of withStates(stored, (receipts) => destination.inspect(receipts))) {
    if (state === 'intact') intact += 1;
    else if (state === 'marked') marked += 1;
    else if (state === 'handed-over') handedOver += 1;
    else amiss[state].push(receipt.location);
  }
  const { changed, missing, lost, unreadable } = amiss;
  return {
    destination: name,
    intact,
    marked,
    workedOut,
    changed,
    missing: [...missing, ...lost],
    unreadable,
    handedOver,
  };
}

/** The same for a place that is not configured any more. What stands elsewhere under its old names counts as there. */
export async function verifyFormer(
  place: string,
  destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'inspect'>[],
  ledger: Pick<AccountLedger, 'deliveries' | 'workedOut' | 'recordedAs'>,
): Promise<Verification> {
  const stored = [...withReceipts(ledger.deliveries(place))];
  const states = await statesAt(place, stored, destinations, ledger);
  const inState = (...wanted: readonly StoredState[]): readonly string[] =>
    stored.filter((one) => wanted.includes(states.get(one) ?? 'lost')).map(({ receipt }) => receipt.location);
  return {
    destination: place,
    intact: inState('intact').length,
    marked: inState('marked').length,
    workedOut: ledger.workedOut(place),
    changed: inState('changed'),
    missing: inState('missing', 'lost'),
    unreadable: inState('unreadable'),
    handedOver: inState('handed-over').length,
  };
}

function* withReceipts(receipts: Iterable<Receipt>): Iterable<{ readonly receipt: Receipt }> {
  for (const receipt of receipts) yield { receipt };
}
