import type { Destination, StoredState } from '../delivery/destination.ts';
import { isPlaceName } from '../delivery/settings.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { RecordedDelivery, RecordId } from '../ledger/record.ts';
import { lostAmong, statesOf, withStates } from './stored-states.ts';

/** How many messages are to come once more, since they are not at this place any more. */
export interface Refetch {
  readonly destination: string;
  /** Whether mail goes there still; what is lost elsewhere comes to the places that are configured now. */
  readonly configured: boolean;
  readonly messages: number;
  /** How many that are not to come somebody has taken over, so that nobody can tell what of them is lost. */
  readonly untold: number;
  /** How many are not there any more either, and the server did not list when it was last asked. Told of places that are configured. */
  readonly goneForGood: number;
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
  const wanted = new Map<string, Wanted>();
  for (const { name, deliveries } of [...configured, ...former])
    wanted.set(name, await notThere(name, deliveries, { ...how, destinations, ledger }));
  const gone = new Map<string, number>();
  for (const { name, deliveries } of configured) {
    const destination = destinations.find((one) => one.name === name) as Destination;
    const listed = new Set(deliveries.map(({ record }) => record));
    gone.set(name, await goneForGood(destination, listed, { ...how, ledger }));
  }
  // Not before all were looked at: what is wanted for one place does not count as delivered any more.
  for (const [destination, { records }] of wanted)
    if (!how.dryRun && records.length > 0) await ledger.deliverAgain(destination, records);
  return Array.from(wanted, ([destination, { records, untold }]) => ({
    destination,
    configured: destinations.some(({ name }) => name === destination),
    messages: records.length,
    untold,
    goneForGood: gone.get(destination) ?? 0,
  }));
}

/** What is to come once more to a place, and how many nobody can tell of. */
interface Wanted {
  readonly records: readonly RecordId[];
  readonly untold: number;
}

/** How many are not where they were delivered to, of those that are not listed. Keeps only these (I7). */
async function goneForGood(
  destination: Destination,
  listed: ReadonlySet<RecordId>,
  { alsoMissing, ledger }: Pick<RefetchWanted, 'alsoMissing'> & { readonly ledger: AccountLedger },
): Promise<number> {
  const { name } = destination;
  // One that was never used need not be there. Of what was handed over, all would have to come over the network to be looked at.
  if (!ledger.used(name) || !isPlaceName(name)) return 0;
  const missing: RecordedDelivery[] = [];
  let lost = 0;
  const unlisted = withoutRecords(ledger.deliveries(name), listed);
  for await (const [one, state] of withStates(unlisted, (receipts) => destination.inspect(receipts)))
    if (state === 'lost') lost += 1;
    else if (state === 'missing') missing.push(one);
  return lost + (alsoMissing ? missing : await lostAmong(name, missing, ledger)).length;
}

function* withoutRecords(
  deliveries: Iterable<RecordedDelivery>,
  records: ReadonlySet<RecordId>,
): Iterable<RecordedDelivery> {
  for (const one of deliveries) if (!records.has(one.record)) yield one;
}

async function notThere(
  place: string,
  deliveries: readonly RecordedDelivery[],
  {
    alsoMissing,
    alsoHandedOver = false,
    ...known
  }: Omit<RefetchWanted, 'dryRun'> & {
    readonly destinations: readonly Destination[];
    readonly ledger: AccountLedger;
  },
): Promise<Wanted> {
  const states = await statesOf(place, deliveries, known);
  const wanted = new Set<StoredState | undefined>([
    'lost',
    ...(alsoMissing ? (['missing'] as const) : []),
    ...(alsoHandedOver ? (['handed-over'] as const) : []),
  ]);
  const records = deliveries.filter((one) => wanted.has(states.get(one))).map(({ record }) => record);
  const untold = deliveries.filter((one) => states.get(one) === 'handed-over').length;
  return { records, untold: alsoHandedOver ? 0 : untold };
}
