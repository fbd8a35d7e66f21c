import type { Destination, Receipt, StoredState } from '../delivery/destination.ts';
import { inspectPlace } from '../delivery/inspect.ts';

/** What is asked of a destination. */
type Inspected = Pick<Destination, 'name' | 'hasNames' | 'inspect'>;

/**
 * What has become of mail that was delivered to a place. Where that is not configured any more, its mail may have been moved,
 * under its old names, into a destination that is: there it counts as well.
 */
export async function statesAt<T extends { readonly receipt: Receipt }>(
  place: string,
  stored: readonly T[],
  destinations: readonly Inspected[],
): Promise<ReadonlyMap<T, StoredState>> {
  const states = new Map<T, StoredState>();
  const configured = destinations.find(({ name }) => name === place);
  if (configured !== undefined) {
    await inspect(stored, (receipts) => configured.inspect(receipts), states);
    return states;
  }
  await inspect(stored, (receipts) => inspectPlace(place, receipts), states);
  for (const destination of destinations.filter(({ hasNames }) => hasNames)) {
    const lost = stored.filter((one) => states.get(one) === 'lost');
    const found = new Map<T, StoredState>();
    await inspect(lost, (receipts) => destination.inspect(receipts), found);
    for (const [one, state] of found) if (state !== 'missing') states.set(one, state);
  }
  return states;
}

async function inspect<T extends { readonly receipt: Receipt }>(
  stored: readonly T[],
  look: (receipts: readonly Receipt[]) => AsyncIterable<StoredState>,
  states: Map<T, StoredState>,
): Promise<void> {
  const found = look(stored.map(({ receipt }) => receipt))[Symbol.asyncIterator]();
  for (const one of stored) {
    const { value } = await found.next();
    if (value !== undefined) states.set(one, value);
  }
}
