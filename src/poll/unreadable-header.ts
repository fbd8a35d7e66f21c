import { MailError } from '../errors.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { WireError } from '../wire/errors.ts';
import { MAX_HEADER_OCTETS, MOST_DOUBTS } from './limits.ts';
import type { ListedMessage } from './listing.ts';
import { mayComeBack } from './login-delay.ts';
import type { Poll } from './poll.ts';
import { refuseMessage } from './refuse.ts';

/** A header, asked for with TOP, that cost the session. */
export class UnreadableHeader extends MailError {
  readonly listed: ListedMessage;
  /** The record of an earlier attempt at the message. */
  readonly record: LedgerRecord | undefined;
  override readonly cause: MailError;

  constructor(listed: ListedMessage, record: LedgerRecord | undefined, cause: MailError) {
    super(cause.code, cause.message, { hint: cause.hint });
    this.listed = listed;
    this.record = record;
    this.cause = cause;
  }
}

/** A header that went on beyond any size that one has. */
export class EndlessHeader extends MailError {
  constructor(number: MessageNumber) {
    super('protocol', `The header of message ${number} did not end after ${MAX_HEADER_OCTETS} octets.`, {
      hint: 'The message stays on the server; look at it with the provider’s web mail.',
    });
  }
}

/** A header that may hold the reply to the next command, so that those behind it may be those of other messages. */
export class HeaderInDoubt extends MailError {
  constructor({ number }: ListedMessage) {
    super('protocol', `The header of message ${number} may run on into the reply to the next command.`, {
      hint: 'Headers are asked for one by one then.',
    });
  }
}

/**
 * Such a header costs one session. Its message counts as tried, so that its header is not asked for again; whether
 * it was carried, its content must tell then (I8, I9). Resolves to whether the poll goes on in another session, or
 * raises what ends it.
 */
export async function noteUnreadable(
  { listed, record, cause }: UnreadableHeader,
  session: Transaction,
  poll: Poll,
): Promise<boolean> {
  const mayGoOn = mayComeBack(session) && poll.doubts.unreadable < MOST_DOUBTS;
  poll.doubts.unreadable += 1;
  session.break(new WireError(cause.code, cause.message, { hint: cause.hint }));
  if (cause instanceof HeaderInDoubt && mayGoOn) {
    poll.doubts.headersAlone = true;
    return true;
  }
  await refuseMessage({ message: listed, record }, cause, poll);
  if (cause instanceof EndlessHeader && mayGoOn) return true;
  throw cause;
}
