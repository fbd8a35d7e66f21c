import type { DropListing, MessageNumber, Octets, ScanRow, UniqueId } from '../pop3/types.ts';
import type { ListedUniqueId, Transaction } from '../pop3-client/transaction.ts';
import { MAX_LISTING_LINES } from '../wire/limits.ts';
import { LISTING_FACTOR, LISTING_SLACK_LINES } from './limits.ts';

/** One message as the server lists it. */
export interface ListedMessage {
  readonly number: MessageNumber;
  /** The size by LIST: a hint, undefined where it is not listed. */
  readonly octets: Octets | undefined;
  /** Undefined where the server gives no unique-id that can be used. */
  readonly uid: UniqueId | undefined;
  /** Whether another message of this listing has the same unique-id (RFC 1939 §7 allows it for equal ones). */
  readonly twin: boolean;
}

/** The maildrop of one session: STAT, LIST and UIDL joined (I8: no one of them is trusted alone). */
export interface Listing {
  readonly messages: readonly ListedMessage[];
  /** How many messages STAT claimed. */
  readonly claimed: number;
  /** The size of the maildrop by STAT. */
  readonly claimedOctets: Octets;
  readonly hasUniqueIds: boolean;
}

/** Asks for the three listings; at once where the server allows it. */
export async function takeListing(session: Transaction): Promise<Listing> {
  if (!session.pipelining) {
    const drop = await session.stat();
    if (drop.messages === 0)
      return { messages: [], claimed: 0, claimedOctets: drop.octets, hasUniqueIds: true };
    const most = (): number => mostLines(drop);
    return joinListing(drop, await session.list(most), await session.uidl(most));
  }
  // What STAT said is known before the first line of a listing comes, since replies keep the order of the commands.
  let drop: DropListing = { messages: 0, octets: 0 };
  const stat = session.stat().then((reply) => (drop = reply));
  const most = (): number => mostLines(drop);
  return joinListing(...(await Promise.all([stat, session.list(most), session.uidl(most)])));
}

/** STAT may be wrong, or older than the listing; beyond that, what it says bounds the memory that a listing takes. */
function mostLines({ messages }: DropListing): number {
  return Math.min(MAX_LISTING_LINES, messages * LISTING_FACTOR + LISTING_SLACK_LINES);
}

/**
 * Joins the listings by message number, in ascending order. A number that only one of them has is a message all
 * the same; of a number that is listed twice with different unique-ids, none is believed.
 */
export function joinListing(
  drop: DropListing,
  rows: readonly ScanRow[],
  uniqueIds: readonly ListedUniqueId[] | undefined,
): Listing {
  const sizes = new Map<MessageNumber, Octets>();
  for (const { number, octets } of rows) if (!sizes.has(number)) sizes.set(number, octets);

  const uids = new Map<MessageNumber, UniqueId | undefined>();
  for (const { number, uid } of uniqueIds ?? []) {
    uids.set(number, uids.has(number) && uids.get(number) !== uid ? undefined : uid);
  }

  const seen = new Map<UniqueId, number>();
  for (const uid of uids.values()) if (uid !== undefined) seen.set(uid, (seen.get(uid) ?? 0) + 1);

  const numbers = [...new Set([...sizes.keys(), ...uids.keys()])].sort((a, b) => a - b);
  const messages = numbers.map((number) => {
    const uid = uids.get(number);
    return { number, octets: sizes.get(number), uid, twin: uid !== undefined && (seen.get(uid) ?? 0) > 1 };
  });
  const { messages: claimed, octets: claimedOctets } = drop;
  return { messages, claimed, claimedOctets, hasUniqueIds: uniqueIds !== undefined };
}
