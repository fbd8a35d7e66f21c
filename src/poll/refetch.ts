import type { Destination } from '../delivery/destination.ts';
import type { AccountLedger, RecordId } from '../ledger/ledger.ts';

/** How many messages are to come once more to one destination. */
export interface Refetch {
  readonly destination: string;
  readonly messages: number;
}

/**
 * Lets the next poll deliver once more what is not at its destination any more and the server listed when it was last asked:
 * what was lost with the place itself and, where that is wanted, also what was moved or deleted there. With `dryRun` it only
 * counts.
 */
export async function refetchMissing(
  destinations: readonly Destination[],
  ledger: AccountLedger,
  { alsoMissing, dryRun }: { readonly alsoMissing: boolean; readonly dryRun: boolean },
): Promise<readonly Refetch[]> {
  const refetches: Refetch[] = [];
  for (const destination of destinations) {
    const deliveries = ledger.listedDeliveries(destination.name);
    const wanted: RecordId[] = [];
    let index = 0;
    for await (const state of destination.inspect(deliveries.map(({ receipt }) => receipt))) {
      const record = deliveries[index]?.record;
      const isWanted = state === 'lost' || (alsoMissing && state === 'missing');
      if (isWanted && record !== undefined) wanted.push(record);
      index += 1;
    }
    if (!dryRun && wanted.length > 0) await ledger.forgetDeliveries(destination.name, wanted);
    refetches.push({ destination: destination.name, messages: wanted.length });
  }
  return refetches;
}
