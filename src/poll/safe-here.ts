import type { Receipt } from '../delivery/destination.ts';
import { MailError } from '../errors.ts';
import type { RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import type { Poll } from './poll.ts';
import { statesAt } from './stored-states.ts';

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
  {
    mustReread,
    bound,
  }: {
    readonly mustReread: (number: MessageNumber) => boolean;
    readonly bound: { get(number: MessageNumber): RecordId | undefined };
  },
  poll: Poll,
): Promise<readonly MessageNumber[]> {
  const { ledger, tally, control } = poll;
  const unsafe = new Set<MessageNumber>();
  const stored = numbers.filter(mustReread).flatMap((number) => {
    const record = bound.get(number);
    return record === undefined ? [] : ledger.receiptsOf(record).map((receipt) => ({ number, receipt }));
  });
  const lost: Stored[] = [];
  for (const [place, here] of byPlace(stored)) {
    for (const [one, state] of await statesAt(place, here, poll.destinations)) {
      if (state === 'lost') lost.push(one);
      if (state !== 'changed' && state !== 'unreadable') continue;
      unsafe.add(one.number);
      tally.firstRefusal ??= messageChanged(one.receipt, state);
    }
  }
  if (lost.length > 0 && control.confirmDelete !== true) {
    for (const { number } of lost) unsafe.add(number);
    tally.firstRefusal ??= placeLost(lost, poll);
  }
  return numbers.filter((number) => !unsafe.has(number));
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

function placeLost(lost: readonly Stored[], { account }: Poll): MailError {
  const places = [...new Set(lost.map(({ receipt }) => receipt.destination))].join(', ');
  return new MailError(
    'deletion-unconfirmed',
    `${lost.length} of the messages that would be deleted on the server now are not in ${places}, which is gone or was made anew since they were delivered.`,
    {
      hint: `They stay on the server. To have them here once more: mailferry refetch ${account.name}. To delete them there: mailferry fetch --confirm-delete ${account.name}`,
    },
  );
}
