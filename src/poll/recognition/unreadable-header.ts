import { MailError } from '../../errors.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { MAX_HEADER_OCTETS } from '../limits.ts';
import type { ListedMessage } from '../listing.ts';

/** A header, asked for with TOP, or a message where there is no TOP, that cost the session. */
export class UnreadableHeader extends MailError {
  readonly listed: ListedMessage;
  /** The record of an earlier attempt at the message, or of the message itself where it was carried. */
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
export class RunOnHeader extends MailError {
  constructor({ number }: ListedMessage) {
    super('protocol', `The header of message ${number} may run on into the reply to the next command.`, {
      hint: 'Headers are asked for one by one then.',
    });
  }
}
