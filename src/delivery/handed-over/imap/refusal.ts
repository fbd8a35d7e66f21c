import type { ImapFlowError } from 'imapflow';
import { MailError, systemCode } from '../../../errors.ts';
import { describeSystemError } from '../../../wire/errors.ts';
import { SentSecrets } from '../../../wire/sent-secrets.ts';
import { printable } from '../../../wire/text.ts';
import type { ImapSettings } from '../../settings.ts';
import { MaybeTaken, MessageNotTaken, NoneTaken } from '../handed-over.ts';

/** Of what a server says, for people. */
const MAX_SAID_CHARACTERS = 200;

/** Response codes (RFC 5530, RFC 9051 §7.1) that speak of the mailbox and of all that is to come. */
const NONE_FOR_GOOD = new Set([
  'NOPERM',
  'NONEXISTENT',
  'TRYCREATE',
  'CANNOT',
  'READ-ONLY',
  'EXPUNGEISSUED',
  'AUTHENTICATIONFAILED',
  'AUTHORIZATIONFAILED',
  'EXPIRED',
  'PRIVACYREQUIRED',
]);

/** Of these, the message is tried again without end: room may be made, a lock may go. */
const NOT_NOW = new Set([
  'OVERQUOTA',
  'LIMIT',
  'INUSE',
  'UNAVAILABLE',
  'SERVERBUG',
  'CONTACTADMIN',
  'CORRUPTION',
]);

/**
 * What the words of a refusal mean, where no code of the above comes with them: Cyrus (3.6) and Courier (1.0) have codes for little but
 * TRYCREATE, in 2026 still.
 */
const CODES_OF_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bquota\b/i, 'OVERQUOTA'],
  [/\b(?:permission|access) denied\b/i, 'NOPERM'],
  [/\bmailbox does not exist\b|\binvalid mailbox name\b/i, 'NONEXISTENT'],
];

/** So servers say, too, that they cannot read a message that they have. */
const OF_WHAT_IS_READ = new Set(['SERVERBUG', 'CONTACTADMIN', 'CORRUPTION']);

const STAYS = 'All mail stays on the POP3 server meanwhile';

/** Whether a refusal says that the mailbox is not there. */
export function saysNoMailbox(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return (thrown as ImapFlowError).mailboxMissing === true || code === 'TRYCREATE' || code === 'NONEXISTENT';
}

/**
 * What it means that a session with an IMAP server could not be opened. Never holds the password (I5), nor what else of `secrets` the
 * server repeats.
 */
export function notLoggedIn(
  settings: ImapSettings,
  thrown: unknown,
  secrets: SentSecrets = new SentSecrets(),
): MailError {
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
      `${server} refuses the login of ${settings.user}${secrets.hide(said(thrown))}.`,
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
    `${server} cannot be used now: ${secrets.hide(wordsOf(thrown))}.`,
    {
      cause: thrown,
      hint: `${STAYS}; check "host", "port", "tls" and "caFile" of the destination, and that the server runs.`,
    },
  );
}

/** What it means that a mailbox which is not there could not be made. */
export function notMade(settings: ImapSettings, thrown: unknown): unknown {
  if (!isRefusal(thrown)) return thrown;
  return new NoneTaken(
    'destination-unusable',
    `${serverOf(settings)} has no mailbox ${settings.mailbox}, and does not make it${said(thrown)}.`,
    { cause: thrown, hint: `${STAYS}; make it there, or check "mailbox" of the destination.` },
  );
}

/** What it means that a message could not be appended. `isLate`: it had not been within the time that it may take. */
export function notAppended(settings: ImapSettings, thrown: unknown, isLate: boolean): MailError {
  const server = serverOf(settings);
  if (thrown instanceof MailError) return thrown;
  const code = codeOf(thrown);
  if (code === 'APPENDLIMIT' || code === 'TOOBIG') {
    return new MessageNotTaken(`${server} takes no message as large as this one.`, {
      hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
    });
  }
  if (isRefusal(thrown)) {
    if (NONE_FOR_GOOD.has(code)) {
      return new NoneTaken(
        'destination-unusable',
        `${server} takes no mail for ${settings.mailbox}${said(thrown)}.`,
        {
          cause: thrown,
          hint: `${STAYS}; check "mailbox" of the destination, and that "user" may write to it.`,
        },
      );
    }
    const isForNow = isNotNow(thrown);
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
    cause: thrown,
    hint: `The next poll looks there for it. ${STAYS}${isLate ? '; raise "timeout" of the destination if it needs longer' : ''}.`,
  });
}

/**
 * What it means that nobody could see whether a message is there already; undefined where nobody ever can, as in a mailbox that only
 * takes mail: to have it twice is better than never. `isLate` as for `notAppended`.
 */
export function notLookedFor(
  settings: ImapSettings,
  thrown: unknown,
  isLate: boolean,
): MailError | undefined {
  if (!isRefusal(thrown)) return saysNoMailbox(thrown) ? undefined : notAppended(settings, thrown, isLate);
  if (!isNotNow(thrown)) return undefined;
  return new MaybeTaken(
    'destination-locked',
    `${serverOf(settings)} does not say now whether it has a message already${said(thrown)}.`,
    { cause: thrown, hint: `The next poll looks there for it. ${STAYS}.` },
  );
}

/** What it means that a server does not say what has become of messages that it took. `isLate` as for `notAppended`. */
export function notInspected(settings: ImapSettings, thrown: unknown, isLate: boolean): MailError {
  if (thrown instanceof MailError) return thrown;
  const why = isRefusal(thrown)
    ? said(thrown)
    : `: ${isLate ? `it has not answered within ${settings.timeoutMs / 1000} s` : wordsOf(thrown)}`;
  return new MailError(
    'destination-locked',
    `${serverOf(settings)} does not say now what has become of the mail in ${settings.mailbox}${why}.`,
    { cause: thrown, hint: 'What is due to be deleted on the POP3 server stays there until it does.' },
  );
}

/** Whether a server has said no to a command. */
export function isRefusal(thrown: unknown): thrown is ImapFlowError {
  const { responseStatus } = (thrown ?? {}) as Partial<ImapFlowError>;
  return responseStatus === 'NO' || responseStatus === 'BAD';
}

/** Whether a refusal is that of an APPEND. */
export function isOfAppend(refusal: Error): boolean {
  return isRefusal(refusal) && /\bAPPEND /.test(refusal.executedCommand ?? '');
}

/** Whether a refusal says that the same may be granted later. The library has a code for a server that asks for a pause. */
export function isNotNow(thrown: unknown): boolean {
  return (thrown as ImapFlowError).code === 'ETHROTTLE' || NOT_NOW.has(codeOf(thrown));
}

/** The code of a refusal (RFC 5530), or, where that says nothing, the one that its words stand for; empty where there is none. */
export function codeOf(thrown: unknown): string {
  const code = givenCodeOf(thrown);
  if (code !== '' && code !== 'ALERT') return code;
  const { responseText = '' } = thrown as ImapFlowError;
  return CODES_OF_WORDS.find(([words]) => words.test(responseText))?.[1] ?? code;
}

/** The same, where it is not for the sake of a single message that it cannot read. */
export function isNotNowWhatever(thrown: unknown): boolean {
  return isNotNow(thrown) && !OF_WHAT_IS_READ.has(codeOf(thrown));
}

/** Whether a refusal says that somebody who may put mail there may not see it. */
export function saysNotAllowed(thrown: unknown): boolean {
  return isRefusal(thrown) && codeOf(thrown) === 'NOPERM';
}

/** The library has it at hand for all commands but FETCH, whose answer it gives as it was taken apart. */
function givenCodeOf(thrown: unknown): string {
  const { serverResponseCode, response } = thrown as ImapFlowError & { readonly response?: Partial<Answer> };
  return serverResponseCode ?? (response?.attributes?.[0]?.section?.[0]?.value ?? '').toUpperCase();
}

interface Answer {
  readonly attributes: readonly { readonly section?: readonly { readonly value?: string }[] }[];
}

function serverOf({ host, port }: ImapSettings): string {
  return `The IMAP server ${host}:${port}`;
}

/** The words of the server, where it has said some. */
function said(thrown: unknown): string {
  const { responseText = '' } = thrown as ImapFlowError;
  return responseText === '' ? '' : `, saying "${printable(responseText, MAX_SAID_CHARACTERS)}"`;
}

/** What has failed, in words; of a file that cannot be read, with its name. */
function wordsOf(thrown: unknown): string {
  const file = thrown instanceof Error && 'path' in thrown ? `${String(thrown.path)}: ` : '';
  return printable(`${file}${describeSystemError(thrown)}`, MAX_SAID_CHARACTERS).replace(/\.$/, '');
}
