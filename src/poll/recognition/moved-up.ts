import { asMailError } from '../../errors.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import { Sha256 } from '../../message/sha256.ts';
import { ReplyError } from '../../pop3-client/errors.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { protocolViolation } from '../../wire/errors.ts';
import type { FramingTrouble } from '../framing-trouble.ts';
import { mostOctets } from '../listed-size.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import { isDoubtful, likeliestRecord } from '../record-state.ts';
import type { KnownMessages } from './known.ts';
import { readHeaders } from './read-headers.ts';
import { SameHeader } from './same-header.ts';
import { UnreadableHeader } from './unreadable-header.ts';

/**
 * Whether mere numbers, which a server lists as unique-ids, may stand for other messages now, even of the same sizes: when a
 * message is deleted, those behind it move up. The highest known number tells for all: if it stands for the same message as
 * before, none before that is gone.
 */
export async function haveMovedUp(
  session: Transaction,
  listing: Listing,
  {
    known,
    ledger,
    framing,
    interrupted,
  }: {
    readonly known: KnownMessages;
    readonly ledger: Pick<AccountLedger, 'identityOf' | 'receiptsOf'>;
    readonly framing: FramingTrouble;
    readonly interrupted: boolean;
  },
): Promise<boolean> {
  const last = lastCarried(listing, known);
  if (last === undefined) return false;
  const { message, record } = last;
  // What a killed poll left was noted just now, under the numbers of then; what is missing is in doubt, or could not be read.
  if (interrupted || record.missingAt !== undefined || isDoubtful(record, message)) return true;
  const hasTop = session.capabilities?.has('TOP') !== false;
  // Of what stood there before only the header is known.
  if (!hasTop && record.sha256 === undefined) return false;
  if (!hasTop) return !(await isContentOf(session, message, record));
  const headers = await readHeaders(session, [message], {
    tried: () => record,
    oneByOne: framing.headersAlone,
  });
  const header = headers.get(message.number);
  if (header === undefined) return !(await isContentOf(session, message, record));
  return (await new SameHeader(ledger).isOf(header, record.id)) !== true;
}

/** The last listed message that was carried, where its unique-id is a number, with its record. */
function lastCarried(
  { messages }: Listing,
  known: KnownMessages,
): { readonly message: ListedMessage; readonly record: LedgerRecord } | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages.at(index);
    // One that has none for once tells nothing of the others.
    if (message?.uid === undefined) continue;
    if (message.twin || !hasMereNumber(message)) return undefined;
    const record = likeliestRecord(known.withUniqueId(message.uid), message);
    if (record?.outcome === 'delivered') return { message, record };
  }
  return undefined;
}

/** The same by all of it, where a server has no TOP. Raises `UnreadableHeader` where that costs the session. */
async function isContentOf(
  session: Transaction,
  message: ListedMessage,
  record: LedgerRecord,
): Promise<boolean> {
  const { number, octets: listed } = message;
  const most = mostOctets(listed);
  try {
    const hash = new Sha256();
    let octets = 0;
    for await (const block of await session.retr(number)) {
      octets += block.length;
      // Which ends the session: the body is not read to its end.
      if (octets > most) throw protocolViolation(`Message ${number} did not end after ${most} octets.`);
      hash.update(block);
    }
    return hash.digest() === record.sha256;
  } catch (error) {
    if (error instanceof ReplyError) return false;
    throw new UnreadableHeader(message, record, asMailError(error));
  }
}
