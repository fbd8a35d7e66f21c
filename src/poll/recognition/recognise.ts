import type { AccountLedger } from '../../ledger/ledger.ts';
import type { FoundMessage, LedgerRecord, Likeness, RecordId, RecordIdentity } from '../../ledger/record.ts';
import { headerField, headerHash } from '../../message/header-field.ts';
import { withoutMarks } from '../../message/readers-fields.ts';
import type { MessageNumber, UniqueId } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import type { FramingTrouble } from '../framing-trouble.ts';
import { RENUMBERING_MS } from '../limits.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import { hasFailed, isDoubtful, lacksProof, likeliestRecord, triedRecord } from '../record-state.ts';
import { type Absent, NONE_ABSENT, settledIn } from './absent.ts';
import { adoptedAgain } from './adopted-again.ts';
import type { KnownMessages } from './known.ts';
import { matchPresent, matchVanished, type Vanished } from './match-headers.ts';
import { haveMovedUp } from './moved-up.ts';
import { readHeaders } from './read-headers.ts';
import { whoMayBeAnother } from './unconfirmed-deletions.ts';

/** What became of messages whose unique-ids the server has changed. */
export interface Recognition {
  /** The record that each message under a new unique-id stands for. */
  readonly renumbered: ReadonlyMap<MessageNumber, RecordId>;
  /** Those that were adopted, and are listed again under their own unique-ids after they were missing. */
  readonly again: ReadonlyMap<MessageNumber, RecordId>;
  /** Messages that may have been carried under another unique-id: their whole content has to tell. */
  readonly doubtful: ReadonlySet<MessageNumber>;
  /** What stands in the destinations of messages that the ledger does not know, a receipt for each that has one. */
  readonly present: ReadonlyMap<MessageNumber, readonly FoundMessage[]>;
  /** The records that are not listed under their unique-id any more. */
  readonly absent: Absent;
  /** The records that are not listed since they were deleted. What equals one of them from now on is another message. */
  readonly gone: ReadonlySet<RecordId>;
  /** Whether the server has changed its unique-ids, and not all that was carried is known again yet. */
  readonly isRenumbering: boolean;
  /** Whether all that was listed has vanished, so that the maildrop was moved, and headers may have changed with it. */
  readonly wasMoved: boolean;
}

type Renumbered = Omit<Recognition, 'wasMoved' | 'again'>;

const NOTHING: Renumbered = {
  renumbered: new Map(),
  doubtful: new Set(),
  present: new Map(),
  absent: NONE_ABSENT,
  gone: new Set(),
  isRenumbering: false,
};

/** What recognition works with. */
interface Memory {
  readonly known: KnownMessages;
  readonly ledger: AccountLedger;
  /** What stands in the destinations, and the ledger does not know whose it is. */
  readonly found: readonly FoundMessage[];
  readonly framing: FramingTrouble;
  readonly now: number;
  /** Whether the poll before never ended, so that what it left was noted under unique-ids that may be others' by now. */
  readonly interrupted: boolean;
}

/**
 * When known unique-ids of a maildrop have vanished and unknown ones appeared, the server may have changed them, one or
 * all; when one that was missing for a while is listed again, it may stand for another message. Such messages
 * are recognised by their header, read with TOP, so that what was carried is neither downloaded nor stored a second
 * time (I8). Changes nothing.
 */
export async function recognise(
  session: Transaction,
  listing: Listing,
  memory: Memory,
): Promise<Recognition> {
  const movedUp = await haveMovedUp(session, listing, memory);
  const toBeProven = whoMustBeProven(listing, memory.known);
  const again = adoptedAgain(listing, memory.known, { renumbering: memory.ledger.renumbering() });
  const isOpen = (number: MessageNumber): boolean => !toBeProven.has(number) && !again.has(number);
  const recognition = await recogniseRenumbered(session, listing, { ...memory, movedUp, isOpen });
  const perhapsOthers = await whoMayBeAnother(session, listing, memory); // I1
  const wasMoved = memory.known.keptAre() === 'vanished' || memory.ledger.renumbering();
  return {
    ...recognition,
    again,
    doubtful: new Set([...recognition.doubtful, ...perhapsOthers, ...toBeProven]),
    wasMoved,
  };
}

/** Finds out whose headers have to be read, reads them, and says what they tell. */
async function recogniseRenumbered(
  session: Transaction,
  listing: Listing,
  memory: Memory & { readonly movedUp: boolean; readonly isOpen: (number: MessageNumber) => boolean },
): Promise<Renumbered> {
  const { known, ledger, found, framing, now, movedUp, isOpen } = memory;
  const someAreMissing = known.someAreMissing() || ledger.renumbering();
  const unknownToo = someAreMissing || ledger.hasNameless() || found.length > 0;
  const perhapsCarried = whoMayBeCarried(listing, known, { unknownToo, movedUp });
  const questionable = perhapsCarried.filter(({ number }) => isOpen(number));
  const deleted = known.deleted();
  if (questionable.length === 0 && !ledger.renumbering()) return { ...NOTHING, gone: deleted };
  const numbers = new Set(questionable.map(({ number }) => number));
  const isSettled = settledIn(listing, numbers, known);
  const lately = { at: now, withinMs: RENUMBERING_MS };
  const pool = ledger.identities(lately).filter((one) => !isSettled(one));
  if (questionable.length === 0)
    return { ...NOTHING, gone: deleted, isRenumbering: mayYetCome(pool, deleted, now) };
  const areMissing = ledger.hasMissing();
  if (pool.length === 0 && !areMissing && found.length === 0) return { ...NOTHING, gone: deleted };
  const vanished = { pool, deleted, keptAre: known.keptAre() };
  const absentBut = (gone: ReadonlySet<RecordId>): Absent => ({
    some: areMissing || pool.some(({ id }) => !gone.has(id)),
    has: (record) => !isSettled(record) && !gone.has(record.id),
  });
  if (session.capabilities?.has('TOP') === false) {
    const { gone } = matchVanished(questionable, new Map(), vanished);
    return {
      ...NOTHING,
      doubtful: numbers,
      absent: absentBut(gone),
      gone,
      isRenumbering: someAreMissing,
    };
  }
  const tried = (message: ListedMessage): LedgerRecord | undefined => triedRecord(message, known);
  // One that failed before may do so by its header already; whether it was carried, its content will tell.
  const readable = questionable.filter((message) => (tried(message)?.attempts ?? 0) === 0);
  const headers = await readHeaders(session, readable, { tried, oneByOne: framing.headersAlone });
  const before = ledger.longMissing({ ...lately, ...likenessOf(headers) }).filter((one) => !isSettled(one));
  const all = { ...vanished, pool: [...pool, ...before] };
  const told = byHeaders(headers, { questionable, vanished: all, someAreMissing }, memory);
  return { ...told, absent: absentBut(told.gone) };
}

/** What these headers tell of the messages in question. */
function byHeaders(
  headers: ReadonlyMap<MessageNumber, Buffer>,
  {
    questionable,
    vanished,
    someAreMissing,
  }: {
    readonly questionable: readonly ListedMessage[];
    readonly vanished: Vanished;
    readonly someAreMissing: boolean;
  },
  { known, ledger, found, now }: Memory,
): Omit<Renumbered, 'absent'> {
  const { matched, doubtful, gone } = matchVanished(questionable, headers, vanished);
  const isTold = ({ number, uid }: ListedMessage): boolean => {
    const id = matched.get(number)?.id;
    return id !== undefined && !awaitsProof(id, uid, ledger);
  };
  const renumbered = new Map(
    questionable.filter(isTold).map(({ number }) => [number, matched.get(number)?.id as RecordId]),
  );
  const unknown = questionable.filter(({ number }) => !renumbered.has(number));
  // What a destination has of a message is not looked for there: another copy would be that of an equal message.
  const isLacking = (message: ListedMessage, place: string): boolean =>
    triedRecord(message, known)?.destinations.includes(place) !== true;
  const { present, doubtful: mayStand } = matchPresent(unknown, headers, { found, isLacking });
  const inDoubt = new Set([...doubtful, ...matched.keys(), ...mayStand]);
  for (const number of renumbered.keys()) inDoubt.delete(number);
  for (const message of unknown) if (hasMereNumber(message)) inDoubt.add(message.number);
  for (const number of present.keys()) inDoubt.delete(number);
  const mayGoOn = renumbered.size > 0 || vanished.keptAre === 'vanished' || ledger.renumbering();
  const accountedFor = new Set([...renumbered.values(), ...gone]);
  const isRenumbering =
    someAreMissing && (inDoubt.size > 0 || (mayGoOn && mayYetCome(vanished.pool, accountedFor, now)));
  // TOP may give less of a header, or more, than RETR did; without a Message-ID nothing else shows that it was carried.
  const isUntold = ({ number }: ListedMessage): boolean =>
    vanished.pool.length > 0 && !present.has(number) && !hasMessageId(headers.get(number));
  for (const message of unknown) if (isUntold(message)) inDoubt.add(message.number);
  return { renumbered, doubtful: inDoubt, present, gone, isRenumbering };
}

function hasMessageId(header: Buffer | undefined): boolean {
  return header !== undefined && (headerField(header, 'Message-ID') ?? '') !== '';
}

/** The records that these headers may be of, and without any header those that may be of what could not be read. */
function likenessOf(headers: ReadonlyMap<MessageNumber, Buffer>): Likeness {
  const hashes = new Set<string>();
  const messageIds = new Set<string>();
  for (const header of headers.values()) {
    for (const one of [header, withoutMarks(header)]) {
      const hash = headerHash(one, true);
      if (hash !== undefined) hashes.add(hash);
    }
    const messageId = headerField(header, 'Message-ID') ?? '';
    if (messageId !== '') messageIds.add(messageId);
  }
  return { headers: hashes, messageIds };
}

/**
 * Whether some of these may yet be listed under new unique-ids: a server that moves a maildrop may bring its messages one by
 * one. Not so for long after they vanished.
 */
function mayYetCome(
  records: readonly RecordIdentity[],
  accountedFor: { has(record: RecordId): boolean },
  now: number,
): boolean {
  return records.some(
    ({ id, uid, missingAt }) =>
      uid !== undefined && !accountedFor.has(id) && Math.abs(now - (missingAt ?? now)) < RENUMBERING_MS,
  );
}

/** The listed messages that may have been carried, although no record that holds says so under their unique-ids. */
function whoMayBeCarried(
  listing: Listing,
  known: KnownMessages,
  { unknownToo, movedUp }: { readonly unknownToo: boolean; readonly movedUp: boolean },
): readonly ListedMessage[] {
  return listing.messages.filter((message) => {
    const { uid, twin } = message;
    if (uid === undefined || twin) return false;
    const record = likeliestRecord(known.withUniqueId(uid), message);
    // A number may have been another message's when that failed.
    if (record === undefined || hasFailed(record)) return unknownToo || hasMereNumber(message);
    // A number that was another message's: one that is kept may have moved up.
    if (record.goneAt !== undefined) return hasMereNumber(message);
    return record.missingAt !== undefined || mayHavePassedOn(record, message, movedUp);
  });
}

/**
 * The same of one message whose number other records have, too: its header tells which of them it is, and has told so before;
 * nothing but its content tells more.
 */
function awaitsProof(id: RecordId, uid: UniqueId | undefined, ledger: AccountLedger): boolean {
  const record = uid === undefined ? undefined : ledger.withUniqueId(uid).find((one) => one.id === id);
  return record?.missingAt !== undefined && lacksProof(record);
}

/** The messages that were to be deleted, of which only their content can tell that they are what stands here (I1). */
function whoMustBeProven({ messages }: Listing, known: KnownMessages): ReadonlySet<MessageNumber> {
  const numbers = new Set<MessageNumber>();
  for (const [uid, records] of known.listedAgain()) {
    const message = messages.named(uid);
    if (message === undefined || message.twin) continue;
    const record = likeliestRecord(records, message);
    if (record === undefined || !lacksProof(record) || record.goneAt !== undefined) continue;
    if (record.missingAt !== undefined) numbers.add(message.number);
  }
  return numbers;
}

/** Whether a unique-id may stand for the next message by now: a mere number, and a message before it may be gone. */
function mayHavePassedOn(record: LedgerRecord, message: ListedMessage, movedUp: boolean): boolean {
  const { deleSent, outcome } = record;
  if (outcome !== 'delivered' || !hasMereNumber(message)) return false;
  return movedUp || deleSent || isDoubtful(record, message);
}
