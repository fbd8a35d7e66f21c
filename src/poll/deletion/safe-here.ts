import type { Receipt, StoredState } from '../../delivery/destination.ts';
import { lostWithEnd } from '../../delivery/mbox/cut.ts';
import { isPlaceName, partsOfName } from '../../delivery/settings.ts';
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
  /** Nobody can look for them, and whoever has taken them gets no mail any more: the server may have the last copy. */
  readonly left: ReadonlySet<MessageNumber>;
  /** Who that is. */
  readonly leftPlaces: readonly string[];
}

/**
 * Re-reads what is stored of these messages, wherever it was delivered to. One that its owner has moved or deleted counts as
 * handed over; but not where the place itself is lost: then the server may have the last copy. Nor does one that somebody has
 * taken to whom no mail goes any more, as with a provider that was left.
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
  const left = leftAmong(states, poll);
  return {
    changed,
    lost: numbersOf(lost),
    lostPlaces: placesOf(lost),
    left: numbersOf(left),
    leftPlaces: placesOf(left),
  };
}

function numbersOf(stored: readonly Stored[]): ReadonlySet<MessageNumber> {
  return new Set(stored.map(({ number }) => number));
}

function placesOf(stored: readonly Stored[]): readonly string[] {
  return [...new Set(stored.map(({ receipt }) => receipt.destination))];
}

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

/**
 * What was handed over in a way in which no mail goes now, where nothing else tells of the message. Where mail goes to another
 * program or server of the same kind, that has come in the place of the one before.
 */
function leftAmong(states: StatesHere['states'], { destinations }: Deciding): readonly Stored[] {
  const kinds = new Set(destinations.map(({ name }) => partsOfName(name).type));
  const isLeft = ({ receipt }: Stored, state: StateHere): boolean =>
    state === 'handed-over' && !kinds.has(partsOfName(receipt.destination).type);
  const told = new Set<MessageNumber>();
  for (const [one, state] of states)
    if (isHere(state) || state === 'missing' || (state === 'handed-over' && !isLeft(one, state)))
      told.add(one.number);
  return Array.from(states)
    .filter(([one, state]) => isLeft(one, state) && !told.has(one.number))
    .map(([one]) => one);
}

/** What is wrong with a stored message, and what may be the reason: in a place of ours, and where somebody has taken it over. */
const AMISS = {
  changed: {
    what: 'is not what was delivered any more',
    ours: 'the disk may be failing, or a program has changed the file',
    theirs: 'if the server stores messages in a form of its own, say compare: false at the destination',
  },
  unreadable: {
    what: 'cannot be read',
    ours: 'the disk may be failing, or the file belongs to another user',
    theirs: 'the server does not give it',
  },
} as const;

function messageChanged({ destination, location }: Receipt, state: keyof typeof AMISS): MailError {
  const { what, ours, theirs } = AMISS[state];
  return new MailError('message-changed', `${location} in ${destination} ${what}.`, {
    hint: `It stays on the server. Look at both; ${isPlaceName(destination) ? ours : theirs}. What you move out of there counts as handed over, and is deleted on the server.`,
  });
}

function mboxCut({ destination, location }: Receipt, account: string): MailError {
  const text = `Only a piece is there of the message at ${location} in ${destination}: its end was lost, or a program has made it shorter.`;
  return new MailError('message-changed', text, {
    hint: `It stays on the server, and so does what is not in the mbox any more. Lost mail comes once more after: mailferry refetch ${account} --missing. If you have made the message shorter, move it out of there.`,
  });
}
