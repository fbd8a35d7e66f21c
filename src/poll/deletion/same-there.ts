import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import { headerField } from '../../message/header-field.ts';
import type { MessageNumber, UniqueId } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { PIPELINE_COMMANDS } from '../../wire/limits.ts';
import type { Bound } from '../columns/bound-records.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import { readHeaders } from '../recognition/read-headers.ts';
import { SameHeader } from '../recognition/same-header.ts';

/**
 * Which of the messages to be deleted may not be what was delivered, each with its unique-id. For all that did not come in
 * this session, the header is read again (TOP) and compared. A unique-id should tell (RFC 1939 §7); but some servers give it
 * to another message once a maildrop was made anew, and mere numbers pass to the next message whenever one is deleted.
 */
export async function otherThere(
  session: Transaction,
  earlier: readonly MessageNumber[],
  { listing, bound }: { readonly listing: Listing; readonly bound: Bound },
  { ledger, framing }: Pick<Poll, 'ledger' | 'framing'>,
): Promise<ReadonlyMap<RecordId, UniqueId>> {
  const others = new Map<RecordId, UniqueId>();
  const compared = new SameHeader(ledger);
  const carried = ({ number, uid }: ListedMessage): LedgerRecord | undefined =>
    uid === undefined ? undefined : ledger.withUniqueId(uid).find(({ id }) => id === bound.get(number));
  for (let from = 0; from < earlier.length; from += PIPELINE_COMMANDS) {
    const group = earlier
      .slice(from, from + PIPELINE_COMMANDS)
      .flatMap((number) => listing.messages.numbered(number) ?? []);
    const headers = await headersOf(session, group, { tried: carried, oneByOne: framing.headersAlone });
    // Where TOP works, a refusal says nothing of the message.
    const hasTop = session.capabilities?.has('TOP') ?? headers.size > 0;
    for (const message of group) {
      const record = bound.get(message.number);
      if (record === undefined || message.uid === undefined) continue;
      const header = headers.get(message.number);
      // Without TOP, its size is all that can be looked at.
      const isBelieved =
        header === undefined
          ? !hasTop && !hasMereNumber(message) && isListedAsThen(message, carried(message))
          : await isSame(message, header, { record, compared });
      if (!isBelieved) others.set(record, message.uid);
    }
  }
  return others;
}

async function headersOf(
  session: Transaction,
  messages: readonly ListedMessage[],
  reading: Parameters<typeof readHeaders>[2],
): Promise<ReadonlyMap<MessageNumber, Buffer>> {
  if (session.capabilities?.has('TOP') === false) return new Map();
  return readHeaders(session, messages, reading);
}

/** Whether a message is listed with the size that it had when it was delivered, as far as that is known. */
function isListedAsThen({ octets }: ListedMessage, record: LedgerRecord | undefined): boolean {
  return record?.listedOctets === undefined || record.listedOctets === octets;
}

/** A number is believed only with a Message-ID. Where nothing tells, the content will. */
async function isSame(
  message: ListedMessage,
  header: Buffer,
  { record, compared }: { readonly record: RecordId; readonly compared: SameHeader },
): Promise<boolean> {
  if (hasMereNumber(message) && (headerField(header, 'Message-ID') ?? '') === '') return false;
  return (await compared.isOf(header, record)) === true;
}
