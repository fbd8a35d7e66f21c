import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import { headerField } from '../../message/header-field.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import type { FramingTrouble } from '../framing-trouble.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import { hasFailed, isStored, likeliestRecord, triedRecord } from '../record-state.ts';
import type { KnownMessages } from './known.ts';
import { readHeaders } from './read-headers.ts';

/**
 * The messages whose unique-ids do not tell who they are, since DELE was sent for the messages that had them, and QUIT got
 * no good answer. The server may have deleted those all the same, and may give a unique-id away once its message is gone
 * (RFC 1939 §7). The same Message-ID means the same message; the rest of the header may have grown since, on servers that
 * write fields of their own into it.
 */
export async function whoMayBeAnother(
  session: Transaction,
  listing: Listing,
  {
    known,
    ledger,
    framing,
  }: {
    readonly known: KnownMessages;
    readonly ledger: Pick<AccountLedger, 'identityOf'>;
    readonly framing: FramingTrouble;
  },
): Promise<readonly MessageNumber[]> {
  const bearers = new Map(
    listing.messages.flatMap((message) => {
      const bearer = unconfirmedBearer(message, known);
      return bearer === undefined ? [] : [[message, bearer] as const];
    }),
  );
  if (bearers.size === 0) return [];
  const messageIdOf = ({ id }: LedgerRecord): string => ledger.identityOf(id)?.messageId ?? '';
  const tried = (message: ListedMessage): LedgerRecord | undefined => triedRecord(message, known);
  const readable = [...bearers].filter(
    ([message, bearer]) => messageIdOf(bearer) !== '' && tried(message) === undefined,
  );
  const messages = session.capabilities?.has('TOP') === false ? [] : readable.map(([message]) => message);
  const headers = await readHeaders(session, messages, { tried, oneByOne: framing.headersAlone });
  const isBearer = ({ number }: ListedMessage, bearer: LedgerRecord): boolean => {
    const header = headers.get(number);
    return header !== undefined && headerField(header, 'Message-ID') === messageIdOf(bearer);
  };
  return [...bearers].flatMap(([message, bearer]) => (isBearer(message, bearer) ? [] : [message.number]));
}

/** The record of the message that had this unique-id when DELE was sent for it. Numbers, which pass on anyway, are no case of this. */
function unconfirmedBearer(message: ListedMessage, known: KnownMessages): LedgerRecord | undefined {
  const { uid, twin } = message;
  if (uid === undefined || twin || hasMereNumber(message)) return undefined;
  const records = known.withUniqueId(uid);
  if (!records.some(({ deleSent }) => deleSent)) return undefined;
  const last = likeliestRecord(records, message);
  const bearer = last !== undefined && hasFailed(last) ? records.find((it) => isStored(it, message)) : last;
  return bearer?.deleSent === true && isStored(bearer, message) ? bearer : undefined;
}
