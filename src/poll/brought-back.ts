import { contentOf, type StoredState } from '../delivery/destination.ts';
import type { ListedDelivery } from '../ledger/ledger.ts';
import type { Poll } from './poll.ts';
import { isHere, statesAt } from './stored-states.ts';

/**
 * Looks for mail that is wanted once more, since it was lost, and is back where it was delivered to: a backup was put there
 * meanwhile. It counts as delivered again, or it would stand there twice. Where nothing is wanted, this is one look at the ledger.
 */
export async function noteBroughtBack(poll: Poll): Promise<void> {
  const { ledger, destinations, account, observer } = poll;
  const places = new Map<string, ListedDelivery[]>();
  for (const one of ledger.wanted()) {
    const { destination } = one.receipt;
    places.set(destination, [...(places.get(destination) ?? []), one]);
  }
  const back: ListedDelivery[] = [];
  for (const [place, wanted] of places) {
    const isConfigured = destinations.some(({ name }) => name === place);
    const states = await statesAt(place, wanted, destinations, ledger).catch((error: unknown) => {
      // Where no mail goes any more, what cannot be read is no reason to carry none.
      if (isConfigured) throw error;
      return new Map<ListedDelivery, StoredState>();
    });
    back.push(...wanted.filter((one) => isHere(states.get(one)) && isOneOfOne(one, wanted, poll)));
  }
  if (back.length === 0) return;
  await ledger.noteBack(back);
  observer.noticed?.(
    account.name,
    `${back.length} messages that were to be delivered once more are where they were delivered to.`,
  );
}

/** Where only its content tells what a stored message is, as in an mbox, one copy must not stand for two equal messages (I1). */
function isOneOfOne(
  { receipt }: ListedDelivery,
  wanted: readonly ListedDelivery[],
  { ledger, destinations }: Poll,
): boolean {
  const { destination } = receipt;
  if (destinations.some(({ name, hasNames }) => name === destination && hasNames)) return true;
  const content = contentOf(receipt);
  const equal = wanted.filter((one) => contentOf(one.receipt) === content);
  return equal.length === 1 && ledger.recordedAs(destination, [receipt.sha256, content]).length === 0;
}
