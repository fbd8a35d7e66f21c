import { asMailError } from '../../errors.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { ReplyError } from '../../pop3-client/errors.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { PIPELINE_COMMANDS } from '../../wire/limits.ts';
import { MAX_HEADER_OCTETS, MAX_UNASKED_OCTETS } from '../limits.ts';
import type { ListedMessage } from '../listing.ts';
import { EndlessHeader, RunOnHeader, UnreadableHeader } from './unreadable-header.ts';

/** How headers are read. */
interface Reading {
  /** The record of an earlier attempt at a message, or of one that was carried. */
  readonly tried: (message: ListedMessage) => LedgerRecord | undefined;
  /** Whether each is asked for when nothing else is under way. */
  readonly oneByOne: boolean;
}

/**
 * The headers of these messages, by TOP (RFC 1939 §7), except those that the server refuses. Raises `UnreadableHeader` for
 * the first message whose header costs the session.
 */
export async function readHeaders(
  session: Transaction,
  messages: readonly ListedMessage[],
  { tried, oneByOne }: Reading,
): Promise<ReadonlyMap<MessageNumber, Buffer>> {
  const headers = new Map<MessageNumber, Buffer>();
  session.lockStep = oneByOne;
  for (let from = 0; from < messages.length; from += PIPELINE_COMMANDS) {
    const group = messages.slice(from, from + PIPELINE_COMMANDS);
    const replies = group.map(({ number }) => readHeader(session, number));
    const outcomes = await Promise.allSettled(replies);
    for (const [index, outcome] of outcomes.entries()) {
      const listed = group[index] as ListedMessage;
      // The first in the order of the commands is the one; the others failed with the session.
      if (outcome.status === 'rejected')
        throw new UnreadableHeader(listed, tried(listed), asMailError(outcome.reason));
      const header = outcome.value;
      if (header === undefined) continue;
      if (session.pipelining && /(?:\+OK|-ERR)[ \r\n]/.test(header.toString('latin1')))
        throw new UnreadableHeader(listed, tried(listed), new RunOnHeader(listed));
      headers.set(listed.number, header);
    }
  }
  session.lockStep = false;
  return headers;
}

const EMPTY_LINE = Buffer.from('\r\n\r\n');

/** The header of a message, by TOP (RFC 1939 §7); undefined where the server will not give it. */
export async function readHeader(session: Transaction, number: MessageNumber): Promise<Buffer | undefined> {
  try {
    let header: Buffer = Buffer.alloc(0);
    let isOver = false;
    let octets = 0;
    for await (const block of await session.top(number, 0)) {
      octets += block.length;
      // Some send the body as well, of which nothing is kept.
      if (octets > (isOver ? MAX_UNASKED_OCTETS : MAX_HEADER_OCTETS)) throw new EndlessHeader(number);
      if (isOver) continue;
      header = Buffer.concat([header, block]);
      const end = header.indexOf(EMPTY_LINE);
      isOver = end >= 0;
      if (isOver) header = header.subarray(0, end + EMPTY_LINE.length);
    }
    return header;
  } catch (error) {
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}
