import type { Secret } from '../secret.ts';

/**
 * How lines end in what is stored. `lf` is what programs on Unix expect of a Maildir or an mbox: CRLF becomes
 * LF. `as-received` stores every octet as it came (Maildir only).
 */
export type LineEndings = 'lf' | 'as-received';

export interface MaildirSettings {
  readonly type: 'maildir';
  /** Absolute path of the folder that holds `tmp`, `new` and `cur`. */
  readonly path: string;
  readonly lineEndings: LineEndings;
}

export interface MboxSettings {
  readonly type: 'mbox';
  /** Absolute path of the file. */
  readonly path: string;
}

/** A place of ours, where what was delivered can be read again. */
export type PlaceSettings = MaildirSettings | MboxSettings;

/** A program that takes each message on its standard input (a mail delivery agent), and says by its exit status what became of it. */
export interface MdaSettings {
  readonly type: 'mda';
  /** Text runs through `/bin/sh`, a list without a shell. */
  readonly command: string | readonly string[];
  /** How long it may take for one message, in milliseconds. */
  readonly timeoutMs: number;
  readonly lineEndings: LineEndings;
  /** The folder that it works in. Default: the current one. */
  readonly folder?: string | undefined;
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** By what the recipients of each message are told in a maildrop of many (multidrop): a header field that the provider writes. */
export interface RecipientsByHeader {
  /** Its name. */
  readonly header: string;
  /** Which of several such fields counts, from the top; the topmost is 1. */
  readonly position: number;
  /** What the provider writes before each address, such as the user of its own; empty where it writes nothing. */
  readonly prefix: string;
  /** The domains that are ours. */
  readonly domains: readonly string[];
  /** The address of who gets what names nobody of ours, and what the server refuses for good to somebody. */
  readonly otherwise: string;
}

/** A mail server that takes each message for one recipient, or for those that its header names, over LMTP or SMTP. */
export interface MailServerSettings {
  readonly type: 'lmtp' | 'smtp';
  /** Where it listens: a socket by its absolute path, or a port. */
  readonly at: { readonly host: string; readonly port: number } | { readonly socket: string };
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** The address of the recipient there, or what tells it. */
  readonly to: string | RecipientsByHeader;
  /** How long one message may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** A mailbox on an IMAP server, to which each message is appended. */
export interface ImapSettings {
  readonly type: 'imap';
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** Path of a file of trust anchors in PEM, in addition to those of the system. */
  readonly caFile?: string | undefined;
  readonly user: string;
  /** Fetched anew for each login. */
  readonly password: () => Promise<Secret>;
  readonly passwordFrom: 'text' | 'command' | 'env' | 'file' | 'credential' | 'netrc';
  /** `oauth2`: the password is an access token (RFC 7628, or XOAUTH2). */
  readonly auth: 'password' | 'oauth2';
  /** Its name; `/` divides the levels, whatever does on the server. */
  readonly mailbox: string;
  /**
   * Whether what is there is read and compared before it counts as there; else it is only looked for, as some servers store messages
   * in a form of their own.
   */
  readonly compare: boolean;
  /** How long one message may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where mail goes. */
export type DestinationSettings = PlaceSettings | MdaSettings | MailServerSettings | ImapSettings;

/** Whether what is delivered there can be read again. */
export function isPlace(settings: DestinationSettings): settings is PlaceSettings {
  return settings.type === 'maildir' || settings.type === 'mbox';
}

/** What a destination is called in the ledger, in logs and in reports. */
export function destinationName(settings: Named): string {
  return `${settings.type}:${whereOf(settings)}`;
}

function whereOf(settings: Named): string {
  if ('path' in settings) return settings.path;
  if ('mailbox' in settings)
    return `${settings.mailbox} of ${settings.user} at ${settings.host}:${settings.port}`;
  if ('to' in settings) return `${recipientName(settings.to)} at ${listeningAt(settings)}`;
  return typeof settings.command === 'string' ? settings.command : settings.command.join(' ');
}

/** An address holds no blank, so that none looks like the other. */
function recipientName(to: MailServerSettings['to']): string {
  return typeof to === 'string' ? to : `by ${to.header}`;
}

/** Whether a destination of that name gives each message to whom its header names. */
export function isMultidropName(name: string): boolean {
  return /^(?:lmtp|smtp):by /.test(name);
}

/** Where a mail server listens, in words. */
export function listeningAt({ at }: Pick<MailServerSettings, 'at'>): string {
  return 'socket' in at ? at.socket : `${at.host}:${at.port}`;
}

/** What tells one destination from another. */
type Named =
  | Pick<PlaceSettings, 'type' | 'path'>
  | Pick<MdaSettings, 'type' | 'command'>
  | Pick<MailServerSettings, 'type' | 'at' | 'to'>
  | Pick<ImapSettings, 'type' | 'host' | 'port' | 'user' | 'mailbox'>;

/** The same of a destination by its name. */
export function isPlaceName(name: string): boolean {
  return /^(?:maildir|mbox):/.test(name);
}

/** Whether a destination of that name is a mailbox over IMAP. */
export function isImapName(name: string): boolean {
  return name.startsWith('imap:');
}

/** Type and path of a destination by its name, as `destinationName` makes it; both are empty where it is none. */
export function partsOfName(name: string): { readonly type: string; readonly path: string } {
  const [, type = '', path = ''] = /^([^:]+):(.*)$/s.exec(name) ?? [];
  return { type, path };
}
