import type { Destination, Receipt, RecordedReceipts, StoredState } from '../delivery/destination.ts';
import { inspectPlace } from '../delivery/inspect-place.ts';
import { lostBehindEnd } from '../delivery/mbox/lost-end.ts';
import { isImapName } from '../delivery/settings.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { RecordedDelivery } from '../ledger/record.ts';

/** What is asked of a destination. */
export type Inspected = Pick<Destination, 'name' | 'hasNames' | 'inspect'>;

/**
 * What has become of mail that was delivered to a place. If that place is not configured any more, its mail may have been
 * moved into a destination that is, under its old names or with the whole mbox; it counts there as well. So does what is in a
 * mailbox over IMAP whose server is called otherwise by now; what is not there is lost, as with a provider that was left.
 */
export async function statesAt<T extends { readonly receipt: Receipt }>(
  place: string,
  stored: readonly T[],
  destinations: readonly Inspected[],
  records: RecordedReceipts,
): Promise<ReadonlyMap<T, StoredState>> {
  const states = new Map<T, StoredState>();
  const configured = destinations.find(({ name }) => name === place);
  if (configured !== undefined) {
    await inspect(stored, (receipts) => configured.inspect(receipts), states);
    return states;
  }
  await inspect(stored, (receipts) => inspectPlace(place, receipts, records), states);
  for (const destination of destinations) {
    const isMailbox = isImapName(place) && isImapName(destination.name);
    const sought = stored.filter((one) => isSought(states.get(one), isMailbox));
    const found = new Map<T, StoredState>();
    await inspect(sought, (receipts) => destination.inspect(receipts), found);
    for (const [one, state] of found) {
      // In an mbox a place is no name: what is not the very message says nothing of it.
      if (destination.hasNames ? state !== 'missing' : isHere(state)) states.set(one, state);
      // Nor does it in a mailbox that may be another one than before.
      else if (isMailbox && state !== 'handed-over') states.set(one, 'lost');
    }
  }
  return states;
}

/** Nobody can look into a mailbox whose server has another name by now, but into the one to which mail goes under that name. */
function isSought(state: StoredState | undefined, isMailbox: boolean): boolean {
  return state === 'lost' || (isMailbox && state === 'handed-over');
}

/**
 * The same for messages of which the ledger tells more: what is missing in an mbox counts as lost if the mbox was in another
 * folder when the message was delivered, as on a disk that was replaced since, and if it was lost with the end of the mbox.
 */
export async function statesOf<T extends RecordedDelivery>(
  place: string,
  stored: readonly T[],
  { destinations, ledger }: { readonly destinations: readonly Inspected[]; readonly ledger: Remembering },
): Promise<ReadonlyMap<T, StoredState>> {
  const states = new Map(await statesAt(place, stored, destinations, ledger));
  const missing = stored.filter((one) => states.get(one) === 'missing');
  for (const one of await lostAmong(place, missing, ledger)) states.set(one, 'lost');
  return states;
}

/** Which of these, that are missing at a place, were lost there. */
export async function lostAmong<T extends RecordedDelivery>(
  place: string,
  missing: readonly T[],
  ledger: Pick<AccountLedger, 'wasInFormerFolder' | 'arrivals'>,
): Promise<readonly T[]> {
  const cutOff = await lostBehindEnd(place, new Set(missing.map(({ record }) => record)), ledger);
  return missing.filter((one) => cutOff.has(one.record) || ledger.wasInFormerFolder(one));
}

/** Whether a message is as it was delivered, except for what mail programs write into a header. */
export function isHere(state: StoredState | 'cut' | undefined): boolean {
  return state === 'intact' || state === 'marked';
}

/** What is asked of the ledger. */
type Remembering = Pick<AccountLedger, 'wasInFormerFolder' | 'recordedAs' | 'recordedAt' | 'arrivals'>;

async function inspect<T extends { readonly receipt: Receipt }>(
  stored: readonly T[],
  look: (receipts: Iterable<Receipt>) => AsyncIterable<StoredState>,
  states: Map<T, StoredState>,
): Promise<void> {
  // A place of which nothing is asked is not looked at.
  if (stored.length === 0) return;
  for await (const [one, state] of withStates(stored, look)) states.set(one, state);
}

/**
 * Stored messages in their order, each with what has become of it. Holds only those that were taken and whose state has not
 * come yet: how many these are is up to the destination (I7).
 */
export async function* withStates<T extends { readonly receipt: Receipt }>(
  stored: Iterable<T>,
  look: (receipts: Iterable<Receipt>) => AsyncIterable<StoredState>,
): AsyncGenerator<readonly [T, StoredState], void, undefined> {
  const ahead: T[] = [];
  let told = 0;
  for await (const state of look(receiptsOf(stored, ahead))) {
    const one = ahead[told] as T;
    told += 1;
    if (told === ahead.length) told = ahead.length = 0;
    yield [one, state];
  }
}

function* receiptsOf<T extends { readonly receipt: Receipt }>(
  stored: Iterable<T>,
  ahead: T[],
): Iterable<Receipt> {
  for (const one of stored) {
    ahead.push(one);
    yield one.receipt;
  }
}
