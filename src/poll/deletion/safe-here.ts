import type { Receipt, StoredState } from '../../delivery/destination.ts';
import { lostWithEnd } from '../../delivery/mbox/cut.ts';
import { isPlaceName } from '../../delivery/settings.ts';
import { MailError } from '../../errors.ts';
import { groupBy } from '../../group-by.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Deciding } from '../poll.ts';
import { isHere, statesOf } from '../stored-states.ts';

/** What is stored of a message that is to be deleted on the server. */
interface Stored {
  readonly number: MessageNumber;
  readonly record: RecordId;
  readonly receipt: Receipt;
}

/** What is not safe here of messages that are to be deleted on the server. */
export interface UnsafeHere {
  /** Not what was delivered any more, or unreadable, each with what is to be said about it. */
  readonly changed: ReadonlyMap<MessageNumber, MailError>;
  /** Not there, and not since its owner has moved or deleted it: the whole place is gone, or was made anew. */
  readonly lost: ReadonlySet<MessageNumber>;
  /** Where that was. */
  readonly lostPlaces: readonly string[];
}

/**
 * Re-reads what is stored of these messages, wherever it was delivered to. One that its owner has moved or deleted counts as
 * handed over; but not where the place itself is lost: then the server may have the last copy.
 */
export async function unsafeHere(
  numbers: readonly MessageNumber[],
  bound: { get(number: MessageNumber): RecordId | undefined },
  poll: Deciding,
): Promise<UnsafeHere> {
  const { states, pieces } = await statesHere(numbers, bound, poll);
  const changed = new Map<MessageNumber, MailError>();
  for (const [{ number, record, receipt }, state] of states) {
    if (changed.has(number)) continue;
    if (state === 'cut') changed.set(number, mboxCut(pieces.get(record) ?? receipt, poll.account.name));
    else if (state === 'changed' || state === 'unreadable')
      changed.set(number, messageChanged(receipt, state));
  }
  const lost = lostAmong(states, poll);
  const lostPlaces = [...new Set(lost.map(({ receipt }) => receipt.destination))];
  return { changed, lost: new Set(lost.map(({ number }) => number)), lostPlaces };
}

const CHANGED_THERE = 'the IMAP server has changed it, or stores mail in a form of its own (compare: false)';

/** `cut`: it is not whole in an mbox whose end was lost. */
type StateHere = StoredState | 'cut';

interface StatesHere {
  readonly states: ReadonlyMap<Stored, StateHere>;
  /** By the record of what was lost with the end of an mbox: what only a piece of stands there, and where. */
  readonly pieces: ReadonlyMap<RecordId, Receipt>;
}

/** What has become of all that was delivered of these messages. */
async function statesHere(
  numbers: readonly MessageNumber[],
  bound: { get(number: MessageNumber): RecordId | undefined },
  { ledger, destinations }: Deciding,
): Promise<StatesHere> {
  const stored = numbers.flatMap((number) => {
    const record = bound.get(number);
    return record === undefined
      ? []
      : ledger.receiptsOf(record).map((receipt) => ({ number, record, receipt }));
  });
  const states = new Map<Stored, StateHere>();
  const pieces = new Map<RecordId, Receipt>();
  for (const [place, here] of groupBy(stored, ({ receipt }) => receipt.destination)) {
    const found = await statesOf(place, here, { destinations, ledger });
    const missing = new Set(here.flatMap((one) => (found.get(one) === 'missing' ? [one.record] : [])));
    const cut = await lostWithEnd(place, missing, ledger);
    for (const [record, piece] of cut) pieces.set(record as RecordId, piece);
    for (const [one, state] of found)
      states.set(one, state === 'missing' && cut.has(one.record) ? 'cut' : state);
  }
  return { states, pieces };
}

/** What is lost; at a place to which no mail goes any more only where no other has the message intact. */
function lostAmong(states: StatesHere['states'], { destinations }: Deciding): readonly Stored[] {
  const configured = new Set(destinations.map(({ name }) => name));
  const intact = new Set<MessageNumber>();
  for (const [{ number }, state] of states) if (isHere(state)) intact.add(number);
  return Array.from(states)
    .filter(([{ number, receipt }, state]) => {
      return state === 'lost' && (configured.has(receipt.destination) || !intact.has(number));
    })
    .map(([one]) => one);
}

function messageChanged({ destination, location }: Receipt, state: 'changed' | 'unreadable'): MailError {
  const isOurs = isPlaceName(destination);
  const [what, why] =
    state === 'changed'
      ? ['is not what was delivered any more', isOurs ? 'a program has changed the file' : CHANGED_THERE]
      : ['cannot be read', isOurs ? 'the file belongs to another user' : 'the IMAP server does not give it'];
  return new MailError('message-changed', `${location} in ${destination} ${what}.`, {
    hint: `It stays on the server. Look at both; ${isOurs ? 'the disk may be failing, or ' : ''}${why}. What you move out of there counts as handed over, and is deleted on the server.`,
  });
}

function mboxCut({ destination, location }: Receipt, account: string): MailError {
  const text = `Only a piece is there of the message at ${location} in ${destination}: its end was lost, or a program has made it shorter.`;
  return new MailError('message-changed', text, {
    hint: `It stays on the server, and so does what is not in the mbox any more. Lost mail comes once more after: mailferry refetch ${account} --missing. If you have made the message shorter, move it out of there.`,
  });
}
