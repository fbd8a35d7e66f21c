import type { DropListing, MessageNumber, Octets } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { MAX_LISTING_LINES } from '../wire/limits.ts';
import { ListedMessages } from './columns/listed-messages.ts';
import { NumberColumn } from './columns/numbers.ts';
import { UniqueIdColumn } from './columns/unique-ids.ts';
import { LISTING_FACTOR, LISTING_ROOM, LISTING_SLACK_LINES } from './limits.ts';

export type { ListedMessage } from './columns/listed-messages.ts';

/** The maildrop of one session: STAT, LIST and UIDL joined (I8: no one of them is trusted alone). */
export interface Listing {
  readonly messages: ListedMessages;
  /** How many messages STAT claimed. */
  readonly claimed: number;
  /** The size of the maildrop by STAT. */
  readonly claimedOctets: Octets;
  readonly hasUniqueIds: boolean;
}

/** Asks for the three listings; at once where the server allows it. */
export async function takeListing(session: Transaction): Promise<Listing> {
  const scan = scanRows();
  const named = uniqueIdRows();
  // What STAT said is known before the first line of a listing comes, since replies keep the order of the commands.
  let drop: DropListing = { messages: 0, octets: 0 };
  const most = (): number => mostLines(drop);
  const stat = session.stat().then((reply) => {
    drop = reply;
    const room = Math.min(reply.messages, LISTING_ROOM);
    for (const { numbers, values } of [scan, named]) for (const it of [numbers, values]) it.reserve(room);
    return reply;
  });
  if (!session.pipelining && (await stat).messages === 0) return joinListing(drop, scan, named);
  const list = session.eachSize((number, octets) => addRow(scan, number, octets), most);
  if (!session.pipelining) await list;
  const uidl = session.eachUniqueId((number, uid) => addRow(named, number, uid), most);
  const [, , hasUniqueIds] = await Promise.all([stat, list, uidl]);
  return joinListing(drop, scan, hasUniqueIds ? named : undefined);
}

/** Adds a row to those of a listing. */
export function addRow<Value>(
  { numbers, values }: Rows<{ add(value: Value): void }>,
  number: MessageNumber,
  value: Value,
): void {
  numbers.add(number);
  values.add(value);
}

/** STAT may be wrong, or older than the listing; beyond that, what it says bounds the memory that a listing takes. */
function mostLines({ messages }: DropListing): number {
  return Math.min(MAX_LISTING_LINES, messages * LISTING_FACTOR + LISTING_SLACK_LINES);
}

/** The rows of a listing, in the order in which they came: a column of message numbers, and one of what is listed for them. */
export interface Rows<Column> {
  readonly numbers: NumberColumn<MessageNumber>;
  readonly values: Column;
}

/** No rows of LIST yet. */
export function scanRows(): Rows<NumberColumn<Octets>> {
  return { numbers: new NumberColumn(), values: new NumberColumn() };
}

/** No rows of UIDL yet. */
export function uniqueIdRows(): Rows<UniqueIdColumn> {
  return { numbers: new NumberColumn(), values: new UniqueIdColumn() };
}

/**
 * Joins the listings by message number, in ascending order. A number that only one of them has is a message all
 * the same; of a number that is listed twice with different unique-ids, none is believed.
 */
export function joinListing(
  drop: DropListing,
  scan: Rows<NumberColumn<Octets>>,
  named: Rows<UniqueIdColumn> | undefined,
): Listing {
  const { messages: claimed, octets: claimedOctets } = drop;
  const columns = joinColumns(scan, named ?? uniqueIdRows());
  const messages = new ListedMessages(columns.numbers, columns);
  return { messages, claimed, claimedOctets, hasUniqueIds: named !== undefined };
}

function joinColumns(
  scan: Rows<NumberColumn<Octets>>,
  named: Rows<UniqueIdColumn>,
): { numbers: NumberColumn<MessageNumber>; sizes: NumberColumn<Octets>; uids: UniqueIdColumn } {
  // As nearly all servers list.
  if (doAscend(scan.numbers) && areEqual(scan.numbers, named.numbers))
    return { numbers: scan.numbers, sizes: scan.values, uids: named.values };
  const joined = {
    numbers: new NumberColumn<MessageNumber>(),
    sizes: new NumberColumn<Octets>(),
    uids: new UniqueIdColumn(),
  };
  const [inScan, inNamed] = [placesOf(scan.numbers), placesOf(named.numbers)];
  const numbers = [...new Set([...inScan.keys(), ...inNamed.keys()])].sort((a, b) => a - b);
  for (const number of numbers) {
    const [scanned] = inScan.get(number) ?? [];
    const uids = new Set((inNamed.get(number) ?? []).map((place) => named.values.at(place)));
    joined.numbers.add(number);
    joined.sizes.add(scanned === undefined ? undefined : scan.values.at(scanned));
    joined.uids.add(uids.size === 1 ? [...uids][0] : undefined);
  }
  return joined;
}

/** The places of each number in a column. */
function placesOf(numbers: NumberColumn<MessageNumber>): ReadonlyMap<MessageNumber, readonly number[]> {
  const places = new Map<MessageNumber, number[]>();
  for (let place = 0; place < numbers.length; place += 1) {
    const number = numbers.at(place) as MessageNumber;
    const before = places.get(number);
    if (before === undefined) places.set(number, [place]);
    else before.push(place);
  }
  return places;
}

function doAscend(numbers: NumberColumn<MessageNumber>): boolean {
  for (let place = 1; place < numbers.length; place += 1) {
    if ((numbers.at(place - 1) ?? 0) >= (numbers.at(place) ?? 0)) return false;
  }
  return true;
}

function areEqual(one: NumberColumn<MessageNumber>, other: NumberColumn<MessageNumber>): boolean {
  if (one.length !== other.length) return false;
  for (let place = 0; place < one.length; place += 1) if (one.at(place) !== other.at(place)) return false;
  return true;
}
