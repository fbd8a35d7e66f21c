import { contentOf } from '../delivery/destination.ts';
import { groupBy } from '../group-by.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { RecordedDelivery, RecordId } from '../ledger/record.ts';
import { countText } from '../wire/text.ts';
import type { Poll } from './poll.ts';
import { type Inspected, isHere, statesAt } from './stored-states.ts';

/**
 * Looks for mail that was lost, is to come once more, and is back where it was, since somebody has put a backup there. It
 * counts as delivered again, or it would be stored twice. Where nothing is wanted, this costs one look at the ledger.
 */
export async function noteBroughtBack({ ledger, destinations, account, observer }: Poll): Promise<void> {
  const back = await broughtBack(destinations, ledger);
  if (back.length === 0) return;
  await ledger.noteBack(back);
  observer.noticed?.(
    account.name,
    `${countText(back.length, 'message')} that were to be delivered once more are where they were delivered to.`,
  );
}

type Wanting = Pick<AccountLedger, 'wanted' | 'recordedAs' | 'recordedAt'>;

/** What is wanted once more, and is back. */
export async function broughtBack(
  destinations: readonly Inspected[],
  ledger: Wanting,
): Promise<readonly RecordedDelivery[]> {
  const back: RecordedDelivery[] = [];
  for (const [place, wanted] of groupBy(ledger.wanted(), ({ receipt }) => receipt.destination)) {
    const isConfigured = destinations.some(({ name }) => name === place);
    const states = await statesAt(place, wanted, destinations, ledger).catch((error: unknown) => {
      // Where no mail goes any more, what cannot be read is no reason to carry none.
      if (isConfigured) throw error;
      return undefined;
    });
    const copies = copiesWanted(wanted);
    const isOne = (one: RecordedDelivery): boolean => isOneOfOne(one, copies, { ledger, destinations });
    back.push(...wanted.filter((one) => isHere(states?.get(one)) && isOne(one)));
  }
  return back;
}

/** The records of which all that is wanted is back, so that nothing of them is to come. */
export function recordsBack(
  back: readonly RecordedDelivery[],
  wanted: readonly RecordedDelivery[],
): ReadonlySet<RecordId> {
  const isBack = new Set(back.map(keyOf));
  const left = new Set(wanted.filter((one) => !isBack.has(keyOf(one))).map(({ record }) => record));
  return new Set(back.map(({ record }) => record).filter((record) => !left.has(record)));
}

function keyOf({ record, receipt }: RecordedDelivery): string {
  return `${record} ${receipt.destination}`;
}

/** By its hash, how many messages there are with one content. */
function copiesWanted(wanted: readonly RecordedDelivery[]): ReadonlyMap<string, number> {
  const copies = new Map<string, number>();
  for (const { receipt } of wanted) {
    const content = contentOf(receipt);
    copies.set(content, (copies.get(content) ?? 0) + 1);
  }
  return copies;
}

/** Where only its content tells what a stored message is, as in an mbox, one copy must not stand for two equal messages (I1). */
function isOneOfOne(
  { receipt }: RecordedDelivery,
  copies: ReadonlyMap<string, number>,
  { ledger, destinations }: { readonly ledger: Wanting; readonly destinations: readonly Inspected[] },
): boolean {
  const { destination } = receipt;
  if (destinations.some(({ name, hasNames }) => name === destination && hasNames)) return true;
  const content = contentOf(receipt);
  return copies.get(content) === 1 && ledger.recordedAs(destination, [receipt.sha256, content]).length === 0;
}
