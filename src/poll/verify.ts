import type { Destination, Receipt, StoredState } from '../delivery/destination.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import { statesAt } from './stored-states.ts';

/** What became of all that was delivered to one destination. */
export interface Verification {
  readonly destination: string;
  readonly intact: number;
  /** Where in the destination: not what was delivered any more. */
  readonly changed: readonly string[];
  /** Moved or deleted by the owner, or lost. */
  readonly missing: readonly string[];
  /** There, but nobody can tell whether it is what was delivered. */
  readonly unreadable: readonly string[];
}

/** Re-reads everything that the ledger says was delivered, and compares the hashes. Keeps of it only what is amiss (I7). */
export async function verifyDeliveries(
  destinations: readonly Pick<Destination, 'name' | 'inspect'>[],
  ledger: Pick<AccountLedger, 'deliveries' | 'used'>,
): Promise<readonly Verification[]> {
  const verifications: Verification[] = [];
  for (const destination of destinations) {
    if (!ledger.used(destination.name)) {
      verifications.push({
        destination: destination.name,
        intact: 0,
        changed: [],
        missing: [],
        unreadable: [],
      });
      continue;
    }
    const amiss: Record<Exclude<StoredState, 'intact'>, string[]> = {
      changed: [],
      missing: [],
      lost: [],
      unreadable: [],
    };
    let intact = 0;
    // How far they are taken ahead of their states is up to the destination.
    const ahead: string[] = [];
    let told = 0;
    for await (const state of destination.inspect(noting(ledger.deliveries(destination.name), ahead))) {
      const location = ahead[told] ?? '';
      told += 1;
      if (state === 'intact') intact += 1;
      else amiss[state].push(location);
      if (told === ahead.length) told = ahead.length = 0;
    }
    const { changed, missing, lost, unreadable } = amiss;
    const gone = [...missing, ...lost];
    verifications.push({ destination: destination.name, intact, changed, missing: gone, unreadable });
  }
  return verifications;
}

/**
 * The same of a place that is not configured any more. What is left of it elsewhere under its old names counts as there.
 */
export async function verifyFormer(
  place: string,
  destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'inspect'>[],
  ledger: Pick<AccountLedger, 'deliveries'>,
): Promise<Verification> {
  const stored = [...ledger.deliveries(place)].map((receipt) => ({ receipt }));
  const states = await statesAt(place, stored, destinations);
  const inState = (...wanted: readonly StoredState[]): readonly string[] =>
    stored.filter((one) => wanted.includes(states.get(one) ?? 'lost')).map(({ receipt }) => receipt.location);
  return {
    destination: place,
    intact: inState('intact').length,
    changed: inState('changed'),
    missing: inState('missing', 'lost'),
    unreadable: inState('unreadable'),
  };
}

function* noting(receipts: Iterable<Receipt>, locations: string[]): Iterable<Receipt> {
  for (const receipt of receipts) {
    locations.push(receipt.location);
    yield receipt;
  }
}
