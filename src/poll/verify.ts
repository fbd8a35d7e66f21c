import type { Destination, StoredState } from '../delivery/destination.ts';
import type { AccountLedger } from '../ledger/ledger.ts';

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

/** Re-reads everything that the ledger says was delivered, and compares the hashes. */
export async function verifyDeliveries(
  destinations: readonly Destination[],
  ledger: AccountLedger,
): Promise<readonly Verification[]> {
  const verifications: Verification[] = [];
  for (const destination of destinations) {
    const receipts = ledger.deliveries(destination.name);
    const locations: Record<StoredState, string[]> = {
      intact: [],
      changed: [],
      missing: [],
      lost: [],
      unreadable: [],
    };
    let index = 0;
    for await (const state of destination.inspect(receipts)) {
      locations[state].push(receipts[index]?.location ?? '');
      index += 1;
    }
    const { intact, changed, missing, lost, unreadable } = locations;
    const gone = [...missing, ...lost];
    verifications.push({
      destination: destination.name,
      intact: intact.length,
      changed,
      missing: gone,
      unreadable,
    });
  }
  return verifications;
}
