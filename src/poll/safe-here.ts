import type { Receipt, StoredState } from '../delivery/destination.ts';
import { MailError } from '../errors.ts';
import type { RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import { isMassDeletion } from './plan.ts';
import type { Deciding } from './poll.ts';
import { statesAt } from './stored-states.ts';

/** Which messages are re-read, and whose records they are. */
interface Reread {
  readonly mustReread: (number: MessageNumber) => boolean;
  readonly bound: { get(number: MessageNumber): RecordId | undefined };
}

/** What is stored of a message that is to be deleted on the server. */
interface Stored {
  readonly number: MessageNumber;
  readonly receipt: Receipt;
}

/**
 * Re-reads what is stored of messages that have waited, wherever it was delivered to: one that is not what was delivered, or
 * cannot be read, stays on the server. One that its owner has moved or deleted counts as handed over; but not where the
 * whole place is gone, or was made anew: then the server may have the last copy.
 */
export async function safeHere(
  numbers: readonly MessageNumber[],
  which: Reread,
  poll: Deciding,
): Promise<readonly MessageNumber[]> {
  const { ledger, tally, control } = poll;
  const unsafe = new Set<MessageNumber>();
  const states = await statesHere(numbers, which, poll);
  const lost = lostAmong(states, poll);
  for (const [one, state] of states) {
    if (state !== 'changed' && state !== 'unreadable') continue;
    unsafe.add(one.number);
    tally.firstRefusal ??= messageChanged(one.receipt, state);
  }
  const others = numbers.filter(
    (number) => !unsafe.has(number) && !lost.some((one) => one.number === number),
  );
  // Whoever has confirmed many deletions may not have heard of these.
  const isForMany = others.length > 0 && isMassDeletion(numbers.length, ledger.mostDeleted());
  if (lost.length === 0 || (control.confirmDelete === true && !isForMany))
    return numbers.filter((number) => !unsafe.has(number));
  tally.firstRefusal ??= placeLost(lost, poll);
  return others;
}

/** Before somebody is asked about many deletions: says first where what is here of these is lost. */
export async function tellOfLost(
  numbers: readonly MessageNumber[],
  which: Reread,
  poll: Deciding,
): Promise<void> {
  const lost = lostAmong(await statesHere(numbers, which, poll), poll);
  if (lost.length > 0) poll.tally.firstRefusal ??= placeLost(lost, poll);
}

/** What has become of all that was delivered of these messages. */
async function statesHere(
  numbers: readonly MessageNumber[],
  { mustReread, bound }: Reread,
  { ledger, destinations }: Deciding,
): Promise<ReadonlyMap<Stored, StoredState>> {
  const stored = numbers.filter(mustReread).flatMap((number) => {
    const record = bound.get(number);
    return record === undefined ? [] : ledger.receiptsOf(record).map((receipt) => ({ number, receipt }));
  });
  const states = new Map<Stored, StoredState>();
  for (const [place, here] of byPlace(stored))
    for (const [one, state] of await statesAt(place, here, destinations)) states.set(one, state);
  return states;
}

/** What is lost; at a place to which no mail goes any more only where no other has the message intact. */
function lostAmong(states: ReadonlyMap<Stored, StoredState>, { destinations }: Deciding): readonly Stored[] {
  const configured = new Set(destinations.map(({ name }) => name));
  const intact = new Set<MessageNumber>();
  for (const [{ number }, state] of states) if (state === 'intact') intact.add(number);
  return Array.from(states)
    .filter(([{ number, receipt }, state]) => {
      return state === 'lost' && (configured.has(receipt.destination) || !intact.has(number));
    })
    .map(([one]) => one);
}

function byPlace(stored: readonly Stored[]): ReadonlyMap<string, readonly Stored[]> {
  const places = new Map<string, Stored[]>();
  for (const one of stored) {
    const { destination } = one.receipt;
    const here = places.get(destination);
    if (here === undefined) places.set(destination, [one]);
    else here.push(one);
  }
  return places;
}

function messageChanged({ destination, location }: Receipt, state: 'changed' | 'unreadable'): MailError {
  const [what, why] =
    state === 'changed'
      ? ['is not what was delivered any more', 'the disk may be failing, or a program has changed the file']
      : ['cannot be read', 'the disk may be failing, or the file belongs to another user'];
  return new MailError('message-changed', `${location} in ${destination} ${what}.`, {
    hint: `It stays on the server. Look at both; ${why}. What you move out of there counts as handed over, and is deleted on the server.`,
  });
}

function placeLost(lost: readonly Stored[], { account }: Deciding): MailError {
  const places = [...new Set(lost.map(({ receipt }) => receipt.destination))].join(', ');
  return new MailError(
    'deletion-unconfirmed',
    `${lost.length} of the messages that would be deleted on the server now are not in ${places}, which is gone or was made anew since they were delivered.`,
    {
      hint: `They stay on the server. To have them here once more: mailferry refetch ${account.name}. To delete them there: mailferry fetch --confirm-delete ${account.name}`,
    },
  );
}
