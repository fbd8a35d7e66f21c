import { type ErrorCode, MailError } from '../errors.ts';
import type { Response } from '../pop3/response.ts';
import { printable, printableLine } from '../wire/text.ts';

/** The server answered `-ERR`. The session goes on, unless this was the login. */
export class ReplyError extends MailError {
  /** The extended response code (RFC 2449 §8) in upper case, if there was one. */
  readonly responseCode: string | undefined;

  constructor(code: ErrorCode, message: string, options: { response: Response; hint?: string | undefined }) {
    super(code, message, { hint: options.hint });
    this.responseCode = options.response.code;
  }
}

/** The server's own words, as they may be shown. */
function quoted({ code, text }: Response): string {
  const words = code === undefined ? text : `[${code}] ${text}`;
  const trimmed = words.trim();
  return trimmed === '' ? 'without saying why' : `saying "${printableLine(trimmed)}"`;
}

/** Whether the server says that the fault is its own, and will pass (RFC 3206 §4). */
export function isTemporary({ code }: Response): boolean {
  return code === 'SYS/TEMP' || code?.startsWith('SYS/TEMP/') === true;
}

/** A `-ERR` to a command of the TRANSACTION state. */
export function commandRefused(command: string, response: Response): ReplyError {
  if (isTemporary(response)) {
    return new ReplyError('server-temporary', `The server failed at ${command}, ${quoted(response)}.`, {
      response,
      hint: 'The fault is at the server and temporary; the next poll tries again.',
    });
  }
  return new ReplyError('protocol', `The server refused ${command}, ${quoted(response)}.`, {
    response,
    hint: 'If it goes on, show the provider the server’s words.',
  });
}

/** A `-ERR` to RETR or TOP: this one message cannot be had now. */
export function messageRefused(command: string, response: Response): ReplyError {
  return new ReplyError('message-refused', `The server refused ${command}, ${quoted(response)}.`, {
    response,
    hint: 'The message stays on the server; if it goes on, look at it with the provider’s web mail.',
  });
}

interface Refusal {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const BAD_LOGIN: Refusal = {
  code: 'login-refused',
  what: 'refused the login of',
  hint: 'Check "user" and "password"; some providers want an app password, or POP3 switched on in their settings.',
};

const BUSY: Refusal = {
  code: 'maildrop-busy',
  what: 'reports another session in the maildrop of',
  hint: 'Another program is reading this maildrop; the next poll tries again.',
};

const REFUSALS: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    AUTH: BAD_LOGIN,
    'IN-USE': BUSY,
    'LOGIN-DELAY': {
      code: 'login-delay',
      what: 'wants more time between two logins of',
      hint: 'Poll this account less often (see "schedule").',
    },
    'SYS/TEMP': {
      code: 'server-temporary',
      what: 'cannot now log in',
      hint: 'The fault is at the server and temporary; the next poll tries again.',
    },
    'SYS/PERM': { ...BAD_LOGIN, hint: 'The fault is at the server and will stay; ask the provider.' },
  } as const),
);

// The last is that of qpopper, which names the user before it: "alice lock busy!  Is another session active? (11)".
const BUSY_WORDS =
  /\b(maildrop|mailbox|mail ?drop)\b.*\b(lock|locked|in use|busy)\b|aquire lock|acquire lock|\block\w* (?:(?:the|this|your) )?mail ?(?:drop|box)\b|\block busy\b/i;

/** What servers say about the way out, in their own words. */
const HINTS_BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:STLS|STARTTLS)\b|\b(?:start|use|need|require[sd]?|only|without)\b.{0,24}\b(?:TLS|SSL|encrypt\w*)|plain ?text auth\w* .{0,20}(?:disallow|disab|not allow)/i,
    'The server takes no login on a line that others can read: set "tls: starttls", or "tls: implicit" (port 995).',
  ],
  [
    /app(?:lication)?[- ](?:specific )?password|via your web browser/i,
    'Make an app password in the account settings at the provider, and use it as the password.',
  ],
  [
    /\b(?:POP3?|IMAP)\b.*\b(?:disabled|deaktiviert|(?:not|nicht) (?:enabled|active|activated|allowed|aktiv\w*)|(?:turned|switched) off)\b/i,
    'Switch POP3 on in the settings of the mailbox at the provider, then try again.',
  ],
  [
    /\b(?:basic|legacy|modern) auth/i,
    'The provider takes tokens of OAuth only: "auth: xoauth2", with a command for "password" that prints an access token.',
  ],
];

/** What is known about a login that was refused. */
export interface RefusedLogin {
  readonly user: string;
  readonly response: Response;
  /** What the server said before that about its reason (RFC 7628 §3.2.2, RFC 5802 §7). */
  readonly reason?: string | undefined;
  /** What to do when the server finds the name or the password wrong, if there is more to say than that. */
  readonly hint?: string | undefined;
}

/** A `-ERR` to a login (RFC 2449 §8.1, RFC 3206 §4). Servers without response codes are understood by their words. */
export function loginRefused({ user, response, reason, hint }: RefusedLogin): ReplyError {
  const known = refusalOf(response.code);
  const refusal = known ?? (BUSY_WORDS.test(response.text) ? BUSY : BAD_LOGIN);
  const worded = HINTS_BY_WORDS.find(([words]) => words.test(response.text))?.[1];
  const own = refusal === BAD_LOGIN ? (hint ?? refusal.hint) : refusal.hint;
  const because = reason === undefined || reason === '' ? '' : ` (${printable(reason)})`;
  return new ReplyError(
    refusal.code,
    `The server ${refusal.what} "${printable(user)}", ${quoted(response)}${because}.`,
    { response, hint: refusal.code === 'login-refused' ? (worded ?? own) : own },
  );
}

/** Levels of detail that mean nothing to us are left out: `SYS/TEMP/DISK` is `SYS/TEMP` (RFC 2449 §8). */
function refusalOf(code: string | undefined): Refusal | undefined {
  for (let levels = code?.split('/') ?? []; levels.length > 0; levels = levels.slice(0, -1)) {
    const refusal = REFUSALS.get(levels.join('/'));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
