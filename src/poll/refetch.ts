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
  const wanted = new Map<string, readonly RecordId[]>();
  for (const destination of destinations) {
    const deliveries = ledger.listedDeliveries(destination.name);
    const here: RecordId[] = [];
    let index = 0;
    for await (const state of destination.inspect(deliveries.map(({ receipt }) => receipt))) {
      const record = deliveries[index]?.record;
      const isWanted = state === 'lost' || (alsoMissing && state === 'missing');
      if (isWanted && record !== undefined) here.push(record);
      index += 1;
    }
    wanted.set(destination.name, here);
  }
  // Not before all were looked at: what is wanted for one place does not count as delivered any more.
  for (const [destination, records] of wanted)
    if (!dryRun && records.length > 0) await ledger.forgetDeliveries(destination, records);
  return [...wanted].map(([destination, records]) => ({ destination, messages: records.length }));
}
