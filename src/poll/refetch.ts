import type { Destination, StoredState } from '../delivery/destination.ts';
import { isPlaceName } from '../delivery/settings.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { ListedDelivery, RecordId } from '../ledger/record.ts';
import { statesOf } from './stored-states.ts';

/** How many messages are to come once more, since they are not at this place any more. */
export interface Refetch {
  readonly destination: string;
  /** Whether mail goes there still; what is lost elsewhere comes to the places that are configured now. */
  readonly configured: boolean;
  /** Otherwise somebody has taken over what came there, and nobody can tell what of it is lost. */
  readonly isReadable: boolean;
  readonly messages: number;
}

/** What is to come once more besides what was lost. */
export interface RefetchWanted {
  /** What was moved or deleted by the owner. */
  readonly alsoMissing: boolean;
  /** All that was handed over: nobody can tell what of it is lost. Default: no. */
  readonly alsoHandedOver?: boolean;
  /** Whether it is only counted. */
  readonly dryRun: boolean;
}

/**
 * Lets the next poll deliver once more what is not where it was delivered to, as far as the server listed it when it was
 * last asked: what was lost with the place itself and, where that is wanted, also what was moved or deleted there, or was
 * handed over. `formerPlaces` are destinations no longer; what is in a present one as well does not count as lost there.
 * With `dryRun` it only counts.
 */
export async function refetchMissing(
  destinations: readonly Destination[],
  ledger: AccountLedger,
  how: RefetchWanted & { readonly formerPlaces: readonly string[] },
): Promise<readonly Refetch[]> {
  const configured = destinations.map(({ name }) => ({ name, deliveries: ledger.listedDeliveries(name) }));
  const elsewhere = new Set(configured.flatMap(({ deliveries }) => deliveries.map(({ record }) => record)));
  const former = how.formerPlaces.map((name) => ({
    name,
    deliveries: ledger.listedDeliveries(name).filter(({ record }) => !elsewhere.has(record)),
  }));
  const wanted = new Map<string, readonly RecordId[]>();
  for (const { name, deliveries } of [...configured, ...former])
    wanted.set(name, await notThere(name, deliveries, { ...how, destinations, ledger }));
  // Not before all were looked at: what is wanted for one place does not count as delivered any more.
  for (const [destination, records] of wanted)
    if (!how.dryRun && records.length > 0) await ledger.deliverAgain(destination, records);
  return Array.from(wanted, ([destination, { length: messages }]) => ({
    destination,
    configured: destinations.some(({ name }) => name === destination),
    isReadable: isPlaceName(destination),
    messages,
  }));
}

async function notThere(
  place: string,
  deliveries: readonly ListedDelivery[],
  {
    alsoMissing,
    alsoHandedOver = false,
    ...known
  }: Omit<RefetchWanted, 'dryRun'> & {
    readonly destinations: readonly Destination[];
    readonly ledger: AccountLedger;
  },
): Promise<readonly RecordId[]> {
  const states = await statesOf(place, deliveries, known);
  const wanted = new Set<StoredState | undefined>([
    'lost',
    ...(alsoMissing ? (['missing'] as const) : []),
    ...(alsoHandedOver ? (['handed-over'] as const) : []),
  ]);
  return deliveries.filter((one) => wanted.has(states.get(one))).map(({ record }) => record);
}
