import { MailError } from '../../errors.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import type { ListedMessage } from '../listing.ts';
import { mayComeBack } from '../login-delay.ts';
import type { Poll } from '../poll.ts';

/** A DELE that ended the session, so that the server has forgotten all those before it (RFC 1939 §6). */
export class LostAtDele extends MailError {
  readonly listed: ListedMessage;
  override readonly cause: MailError;

  constructor(listed: ListedMessage, cause: MailError) {
    super(cause.code, cause.message, { hint: cause.hint });
    this.listed = listed;
    this.cause = cause;
  }
}

/**
 * One message that the server cannot mark as deleted must not keep all others there for ever (I9): another session of the
 * poll leaves it out. Returns whether there is one, or raises what ends the poll; when it happens a second time, it is not
 * the message.
 */
export function noteLostAtDele({ listed, cause }: LostAtDele, session: Transaction, poll: Poll): boolean {
  const { framing, tally } = poll;
  if (cause.code === 'aborted' || framing.undeletable > 0 || !mayComeBack(session)) throw cause;
  tally.firstRefusal ??= cause;
  framing.noteUndeletable(listed);
  return true;
}
