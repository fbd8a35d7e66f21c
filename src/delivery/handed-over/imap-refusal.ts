import type { ImapFlowError } from 'imapflow';
import { asMailError, MailError, messageOf, systemCode } from '../../errors.ts';
import { printable } from '../../wire/text.ts';
import type { ImapSettings } from '../settings.ts';
import { MaybeTaken, MessageNotTaken, NoneTaken } from './handed-over.ts';

/** Of what a server says, for people. */
const MAX_SAID_CHARACTERS = 200;

/** Response codes (RFC 5530, RFC 9051 §7.1) that speak of the mailbox and of all that is to come. */
const NONE_FOR_GOOD = new Set(['NOPERM', 'NONEXISTENT', 'TRYCREATE', 'CANNOT', 'READ-ONLY', 'EXPUNGEISSUED']);

/** Of these, the message is tried again without end: room may be made, a lock may go. */
const NOT_NOW = new Set([
  'OVERQUOTA',
  'LIMIT',
  'INUSE',
  'UNAVAILABLE',
  'SERVERBUG',
  'CONTACTADMIN',
  'ETHROTTLE',
]);

const STAYS = 'All mail stays on the POP3 server meanwhile';

/** Whether a refusal says that the mailbox is not there. */
export function saysNoMailbox(thrown: unknown): boolean {
  const { serverResponseCode = '', mailboxMissing } = thrown as ImapFlowError;
  return (
    mailboxMissing === true || serverResponseCode === 'TRYCREATE' || serverResponseCode === 'NONEXISTENT'
  );
}

/** What it means that a session with an IMAP server could not be opened. Never holds the password (I5). */
export function notLoggedIn(settings: ImapSettings, thrown: unknown): MailError {
  const server = serverOf(settings);
  const { authenticationFailed, tlsFailed, serverResponseCode = '' } = thrown as ImapFlowError;
  if (thrown instanceof MailError) {
    const { message, hint } = thrown;
    return new MailError(
      'destination-unusable',
      `No mail can be given to ${settings.host}:${settings.port}: ${message}`,
      {
        hint,
        cause: thrown,
      },
    );
  }
  if (authenticationFailed === true && serverResponseCode !== 'UNAVAILABLE') {
    return new MailError(
      'destination-unusable',
      `${server} refuses the login of ${settings.user}${said(thrown)}.`,
      {
        cause: thrown,
        hint: 'Check "user" and "password" of the destination. Many providers want a password made for this program (app password), or auth: oauth2.',
      },
    );
  }
  const isTls = tlsFailed === true || /CERT|SSL|TLS|SELF_SIGNED|VERIFY/.test(systemCode(thrown) ?? '');
  const isNoFile = systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'EACCES';
  return new MailError(
    isTls || isNoFile ? 'destination-unusable' : 'destination-locked',
    `${server} cannot be used now: ${wordsOf(thrown)}.`,
    {
      cause: thrown,
      hint: `${STAYS}; check "host", "port", "tls" and "caFile" of the destination, and that the server runs.`,
    },
  );
}

/** What it means that a message could not be appended. `isLate`: it had not been within the time that it may take. */
export function notAppended(settings: ImapSettings, thrown: unknown, isLate: boolean): MailError {
  const server = serverOf(settings);
  if (thrown instanceof MailError) return thrown;
  const { responseStatus, serverResponseCode = '' } = thrown as ImapFlowError;
  if (serverResponseCode === 'APPENDLIMIT' || serverResponseCode === 'TOOBIG') {
    return new MessageNotTaken(`The message is larger than ${server} takes.`, {
      hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
    });
  }
  if (responseStatus === 'NO' || responseStatus === 'BAD') {
    if (NONE_FOR_GOOD.has(serverResponseCode)) {
      return new NoneTaken(
        'destination-unusable',
        `${server} takes no mail for ${settings.mailbox}${said(thrown)}.`,
        {
          cause: thrown,
          hint: `${STAYS}; check "mailbox" of the destination.`,
        },
      );
    }
    const isForNow = NOT_NOW.has(serverResponseCode);
    return new MessageNotTaken(
      `${server} does not take the message${isForNow ? ' now' : ''}${said(thrown)}.`,
      {
        hint: 'It stays on the POP3 server, and is offered again at the next poll.',
        isForNow,
      },
    );
  }
  const why = isLate ? `it has not taken the message within ${settings.timeoutMs / 1000} s` : wordsOf(thrown);
  return new MaybeTaken('destination-locked', `${server} has not said whether it took a message: ${why}.`, {
    cause: asMailError(thrown),
    hint: `The next poll looks there for it. ${STAYS}${isLate ? '; raise "timeout" of the destination if it needs longer' : ''}.`,
  });
}

function serverOf({ host, port }: ImapSettings): string {
  return `The IMAP server ${host}:${port}`;
}

/** The words of the server, where it has said some. */
function said(thrown: unknown): string {
  const { responseText = '' } = thrown as ImapFlowError;
  return responseText === '' ? '' : `, saying "${printable(responseText, MAX_SAID_CHARACTERS)}"`;
}

function wordsOf(thrown: unknown): string {
  return printable(messageOf(thrown), MAX_SAID_CHARACTERS).replace(/\.$/, '');
}
