import type { StoredState } from '../delivery/destination.ts';
import type { ListedDelivery } from '../ledger/ledger.ts';
import { countText } from '../wire/text.ts';
import type { Poll } from './poll.ts';
import { statesAt } from './stored-states.ts';

/**
 * Looks for mail that is wanted once more, since it was lost, and is back where it was delivered to: a backup was put there
 * meanwhile. It counts as delivered again, or it would stand there twice. Where nothing is wanted, this is one look at the ledger.
 */
export async function noteBroughtBack(poll: Poll): Promise<void> {
  const { ledger, destinations, account, observer } = poll;
  const places = new Map<string, ListedDelivery[]>();
  for (const one of ledger.wanted()) {
    const { destination } = one.receipt;
    const here = places.get(destination);
    if (here === undefined) places.set(destination, [one]);
    else here.push(one);
  }
  const back: ListedDelivery[] = [];
  for (const [place, wanted] of places) {
    const isConfigured = destinations.some(({ name }) => name === place);
    const states = await statesAt(place, wanted, destinations, ledger).catch((error: unknown) => {
      // Where no mail goes any more, what cannot be read is no reason to carry none.
      if (isConfigured) throw error;
      return new Map<ListedDelivery, StoredState>();
    });
    const copies = copiesWanted(wanted);
    for (const one of wanted)
      if (states.get(one) === 'intact' && isOneOfOne(one, copies, poll)) back.push(one);
  }
  if (back.length === 0) return;
  await ledger.noteBack(back);
  observer.noticed?.(
    account.name,
    `${countText(back.length, 'message')} that were to be delivered once more are where they were delivered to.`,
  );
}

/** By its hash, how many messages there are with one content. */
function copiesWanted(wanted: readonly ListedDelivery[]): ReadonlyMap<string, number> {
  const copies = new Map<string, number>();
  for (const { receipt } of wanted) copies.set(receipt.sha256, (copies.get(receipt.sha256) ?? 0) + 1);
  return copies;
}

/** Where only its content tells what a stored message is, as in an mbox, one copy must not stand for two equal messages (I1). */
function isOneOfOne(
  { receipt: { destination, sha256 } }: ListedDelivery,
  copies: ReadonlyMap<string, number>,
  { ledger, destinations }: Poll,
): boolean {
  if (destinations.some(({ name, hasNames }) => name === destination && hasNames)) return true;
  return copies.get(sha256) === 1 && ledger.recordedAs(destination, [sha256]).length === 0;
}
