import type {
  AccountLedger,
  FoundMessage,
  LedgerRecord,
  RecordId,
  RecordIdentity,
} from '../../ledger/ledger.ts';
import { headerField } from '../../message/header-field.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { RENUMBERING_MS } from '../limits.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasFailed, isDoubtful, isStored, likeliest } from '../record-state.ts';
import type { Doubts } from '../retrieval/doubts.ts';
import { isNumbered, type KnownMessages } from './known.ts';
import { type Candidate, matchHeaders, matchVanished } from './match-headers.ts';
import { haveMovedUp } from './moved-up.ts';
import { readHeaders } from './read-headers.ts';

/** What became of messages whose unique-ids the server has changed. */
export interface Recognition {
  /** The record that each message under a new unique-id stands for. */
  readonly renumbered: ReadonlyMap<MessageNumber, RecordId>;
  /** Messages that may have been carried under another unique-id: their whole content has to tell. */
  readonly doubtful: ReadonlySet<MessageNumber>;
  /** What stands in the destinations of messages that the ledger does not know, a receipt for each that has one. */
  readonly standing: ReadonlyMap<MessageNumber, readonly FoundMessage[]>;
  /** The records that are not listed under their unique-id any more. */
  readonly absent: ReadonlySet<RecordId>;
  /** The records that are not listed since they were deleted. What equals one of them from now on is another message. */
  readonly gone: ReadonlySet<RecordId>;
  /** Whether the server has changed its unique-ids, and not all that was carried is settled yet. */
  readonly isRenumbering: boolean;
  /** Whether all that was listed has vanished, so that the maildrop was moved, and headers may have changed with it. */
  readonly wasMoved: boolean;
}

type Renumbered = Omit<Recognition, 'wasMoved'>;

/** What is asked of the ledger. */
export type Remembered = Pick<
  AccountLedger,
  'renumbering' | 'found' | 'hasNameless' | 'identities' | 'identityOf' | 'receiptsOf'
>;

const NOTHING: Renumbered = {
  renumbered: new Map(),
  doubtful: new Set(),
  standing: new Map(),
  absent: new Set(),
  gone: new Set(),
  isRenumbering: false,
};

/** What recognition works with. */
interface Memory {
  readonly known: KnownMessages;
  readonly ledger: Remembered;
  readonly doubts: Doubts;
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
  const recognition = await recogniseRenumbered(session, listing, { ...memory, movedUp });
  const others = await whoMayBeAnother(session, listing, memory);
  const wasMoved = memory.known.others() === 'vanished' || memory.ledger.renumbering();
  return { ...recognition, doubtful: new Set([...recognition.doubtful, ...others]), wasMoved };
}

/**
 * The messages whose unique-ids do not settle who they are, since DELE was sent for their bearers and no good answer to QUIT
 * came: the server may have deleted them all the same, and may give a unique-id away once its message is gone (RFC 1939
 * §7). Where the Message-ID is that of the bearer, it is the bearer; the rest of the header may have grown since, on
 * servers that write fields of their own into it.
 */
async function whoMayBeAnother(
  session: Transaction,
  listing: Listing,
  { known, ledger, doubts }: Memory,
): Promise<readonly MessageNumber[]> {
  const bearers = new Map(
    listing.messages.flatMap((message) => {
      const bearer = unconfirmedBearer(message, known);
      return bearer === undefined ? [] : [[message, bearer] as const];
    }),
  );
  if (bearers.size === 0) return [];
  const messageIds = new Map(ledger.identities().map(({ id, messageId }) => [id, messageId ?? '']));
  const tried = (message: ListedMessage): LedgerRecord | undefined => triedRecord(message, known);
  const readable = [...bearers].filter(
    ([message, { id }]) => (messageIds.get(id) ?? '') !== '' && tried(message) === undefined,
  );
  const messages = session.capabilities?.has('TOP') === false ? [] : readable.map(([message]) => message);
  if (doubts.headersAlone) session.lockStep = true;
  const headers = await readHeaders(session, messages, tried);
  session.lockStep = false;
  const isBearer = ({ number }: ListedMessage, { id }: LedgerRecord): boolean => {
    const header = headers.get(number);
    return header !== undefined && headerField(header, 'Message-ID') === messageIds.get(id);
  };
  return [...bearers].flatMap(([message, bearer]) => (isBearer(message, bearer) ? [] : [message.number]));
}

/** Of numbers, which pass on anyway, the other recognition takes care. */
function unconfirmedBearer(message: ListedMessage, known: KnownMessages): LedgerRecord | undefined {
  const { uid, twin } = message;
  if (uid === undefined || twin || isNumbered(message)) return undefined;
  const records = known.withUniqueId(uid);
  if (!records.some(({ deleSent }) => deleSent)) return undefined;
  const last = likeliest(records, message);
  const bearer = last !== undefined && hasFailed(last) ? records.find((it) => isStored(it, message)) : last;
  return bearer?.deleSent === true && isStored(bearer, message) ? bearer : undefined;
}

async function recogniseRenumbered(
  session: Transaction,
  listing: Listing,
  { known, ledger, doubts, now, movedUp }: Memory & { readonly movedUp: boolean },
): Promise<Renumbered> {
  const renumbered = known.someAreMissing() || ledger.renumbering();
  const found = ledger.found();
  const unknownToo = renumbered || ledger.hasNameless() || found.length > 0;
  const questionable = whoMayBeCarried(listing, known, { unknownToo, movedUp });
  const deleted = known.deleted();
  if (questionable.length === 0 && !ledger.renumbering()) return { ...NOTHING, gone: deleted };
  const numbers = new Set(questionable.map(({ number }) => number));
  const settled = listing.messages.filter(({ number }) => !numbers.has(number));
  const pool = withoutSettled(ledger.identities(), settled, known);
  if (questionable.length === 0)
    return { ...NOTHING, gone: deleted, isRenumbering: mayYetCome(pool, deleted, now) };
  if (pool.length === 0 && found.length === 0) return { ...NOTHING, gone: deleted };
  const vanished = { pool, deleted, others: known.others() };
  if (session.capabilities?.has('TOP') === false) {
    const { absent, gone } = matchVanished(questionable, new Map(), vanished);
    return { ...NOTHING, doubtful: numbers, absent, gone, isRenumbering: renumbered };
  }
  const tried = (message: ListedMessage): LedgerRecord | undefined => triedRecord(message, known);
  // One that failed before may do so by its header already; whether it was carried, its content will tell.
  const readable = questionable.filter((message) => (tried(message)?.attempts ?? 0) === 0);
  if (doubts.headersAlone) session.lockStep = true;
  const headers = await readHeaders(session, readable, tried);
  session.lockStep = false;
  const { matched, doubtful, absent, gone } = matchVanished(questionable, headers, vanished);
  const renumberedTo = new Map([...matched].map(([number, { id }]) => [number, id]));
  const unknown = questionable.filter(({ number }) => !matched.has(number));
  // What a destination has of a message is not looked for there: another copy would be that of an equal message.
  const lacks = (place: string) => (message: ListedMessage) =>
    tried(message)?.destinations.includes(place) !== true;
  const places = [...new Set(found.map(({ receipt }) => receipt.destination))].map((place) =>
    matchHeaders(
      unknown.filter(lacks(place)),
      headers,
      found.filter(({ receipt }) => receipt.destination === place).map(asCandidate),
    ),
  );
  const standing = new Map(
    unknown.flatMap(({ number }) => {
      const receipts = places.flatMap((place) => place.matched.get(number)?.found ?? []);
      return receipts.length === 0 ? [] : [[number, receipts] as const];
    }),
  );
  const inDoubt = new Set([...doubtful, ...places.flatMap((place) => [...place.doubtful])]);
  for (const message of unknown) if (isNumbered(message)) inDoubt.add(message.number);
  for (const number of standing.keys()) inDoubt.delete(number);
  const mayGoOn = matched.size > 0 || vanished.others === 'vanished' || ledger.renumbering();
  const settledNow = new Set([...renumberedTo.values(), ...gone]);
  return {
    renumbered: renumberedTo,
    doubtful: inDoubt,
    standing,
    absent,
    gone,
    isRenumbering: renumbered && (inDoubt.size > 0 || (mayGoOn && mayYetCome(pool, settledNow, now))),
  };
}

/**
 * The records that no settled message stands for. Of a number only one does: another record under it may be of a message
 * that has moved up.
 */
function withoutSettled(
  records: readonly RecordIdentity[],
  settled: readonly ListedMessage[],
  known: KnownMessages,
): readonly RecordIdentity[] {
  const ofNumber = (message: ListedMessage): RecordId | undefined =>
    message.uid !== undefined && isNumbered(message)
      ? likeliest(known.withUniqueId(message.uid), message)?.id
      : undefined;
  const bearers = new Map(settled.map((message) => [message.uid, ofNumber(message)]));
  return records.filter(({ id, uid }) => {
    if (uid === undefined || !bearers.has(uid)) return true;
    return (bearers.get(uid) ?? id) !== id;
  });
}

/**
 * Whether some of these may yet be listed under new unique-ids: a server that moves a maildrop may bring its messages one by
 * one. Not so for long after they vanished.
 */
function mayYetCome(
  records: readonly RecordIdentity[],
  settled: { has(record: RecordId): boolean },
  now: number,
): boolean {
  return records.some(
    ({ id, uid, missingAt }) =>
      uid !== undefined && !settled.has(id) && Math.abs(now - (missingAt ?? now)) < RENUMBERING_MS,
  );
}

function asCandidate(found: FoundMessage): Candidate & { readonly found: FoundMessage } {
  return { ...found.received, found };
}

function whoMayBeCarried(
  listing: Listing,
  known: KnownMessages,
  { unknownToo, movedUp }: { readonly unknownToo: boolean; readonly movedUp: boolean },
): readonly ListedMessage[] {
  return listing.messages.filter((message) => {
    const { uid, twin } = message;
    if (uid === undefined || twin) return false;
    const record = likeliest(known.withUniqueId(uid), message);
    // A number may have been another message's when that failed.
    if (record === undefined || hasFailed(record)) return unknownToo || isNumbered(message);
    // A number that was another message's: one that is kept may have moved up.
    if (record.goneAt !== undefined) return isNumbered(message);
    return record.missingAt !== undefined || mayHavePassedOn(record, message, movedUp);
  });
}

/** Whether a unique-id may stand for the next message by now: a mere number, and a message before it may be gone. */
function mayHavePassedOn(record: LedgerRecord, message: ListedMessage, movedUp: boolean): boolean {
  const { deleSent, outcome } = record;
  if (outcome !== 'delivered' || !isNumbered(message)) return false;
  return movedUp || deleSent || isDoubtful(record, message);
}

function triedRecord({ uid }: ListedMessage, known: KnownMessages): LedgerRecord | undefined {
  return uid === undefined ? undefined : known.withUniqueId(uid).find(hasFailed);
}
