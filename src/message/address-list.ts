import { isUtf8 } from 'node:buffer';
import { domainToASCII } from 'node:url';

/** A mail address in its parts. */
export interface MailAddress {
  /** The local part as it is meant, without quotes and escapes. */
  readonly local: string;
  /** In lower case and as DNS has it (RFC 5890 A-labels), without a dot at its end. */
  readonly domain: string;
}

/** What one entry of a list is: an address, or the entry itself (each octet as one character) where it is none that is certain. */
export type ListEntry = MailAddress | string;

/** The longest local part (RFC 5321 §4.5.3.1.1), in octets. */
const MAX_LOCAL_OCTETS = 64;

/** The longest domain (RFC 5321 §4.5.3.1.2), in octets. */
const MAX_DOMAIN_OCTETS = 255;

/**
 * The entries of a list of addresses as header fields have it (RFC 5322 §3.4, RFC 6532), in their order; `body` holds each octet as
 * one character. Names and comments are left out, and so is a source route (RFC 5321 §4.1.1.3). What is open at the end, such as
 * a quote, makes an entry uncertain, and so does whatever cannot stand in an SMTP command.
 */
export function addressesIn(body: string): readonly ListEntry[] {
  return entriesOf(body).map(({ text, isWhole, angle }) => {
    const address = angle === undefined ? text : withoutRoute(angle);
    return (isWhole ? addressOf(trimmed(address)) : undefined) ?? trimmed(text);
  });
}

/** An address as SMTP commands have it (RFC 5321 §4.1.2): the local part in quotes where it needs them. */
export function writtenAddress({ local, domain }: MailAddress): string {
  const isPlain = PLAIN_LOCAL.test(local);
  return `${isPlain ? local : `"${local.replaceAll(/["\\]/g, '\\$&')}"`}@${domain}`;
}

/** A domain in the form in which two of them are compared; an empty text where it is none. */
export function comparableDomain(written: string): string {
  return domainToASCII(written.trim().replace(/\.$/, '')).toLowerCase();
}

interface Entry {
  /** All of it but its comments. */
  readonly text: string;
  /** Whether all quotes, comments and brackets in it are closed. */
  readonly isWhole: boolean;
  /** What stands in angle brackets, where there are such. */
  readonly angle: string | undefined;
}

/** Cut at its commas, except for those in quotes, comments and angle brackets; empty entries are none. */
function entriesOf(body: string): readonly Entry[] {
  const entries: Entry[] = [];
  let entry = new EntryDraft();
  // An escape is one piece with what it escapes.
  for (const piece of body.match(/\\[^]|[^]/g) ?? []) {
    if (piece === ',' && entry.isAtTop) {
      entries.push(entry.end());
      entry = new EntryDraft();
    } else entry.push(piece);
  }
  entries.push(entry.end());
  return entries.filter(({ text, isWhole }) => trimmed(text) !== '' || !isWhole);
}

/** An entry of which not all has been read. */
class EntryDraft {
  #text = '';
  #angle: string | undefined;
  #isQuoted = false;
  #isInAngle = false;
  #comments = 0;
  #isBroken = false;

  /** Whether it is within nothing that could be left open. */
  get isAtTop(): boolean {
    return !this.#isQuoted && !this.#isInAngle && this.#comments === 0;
  }

  /** Takes a character, or a backslash and what it escapes. */
  push(piece: string): void {
    if (isControl(piece)) this.#isBroken = true;
    if (this.#comments > 0 || (piece === '(' && !this.#isQuoted)) {
      if (piece === '(') this.#comments += 1;
      else if (piece === ')') this.#comments -= 1;
      return;
    }
    this.#text += piece;
    if (piece === '>' && this.#isInAngle && !this.#isQuoted) this.#isInAngle = false;
    else if (this.#isInAngle) this.#angle += piece;
    else if (this.#angle !== undefined) this.#isBroken ||= trimmed(piece) !== '';
    else if (piece === '<' && !this.#isQuoted) {
      this.#angle = '';
      this.#isInAngle = true;
    }
    if (piece === '"') this.#isQuoted = !this.#isQuoted;
  }

  end(): Entry {
    const isWhole = this.isAtTop && !this.#isBroken;
    return { text: this.#text, isWhole, angle: this.#angle };
  }
}

/** Whether there is a character in it that no field holds, except for the tab and the line ends of folding. */
function isControl(piece: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is sought
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(piece);
}

/** Without the blanks around it: octet 0xA0, as one character, is none. */
function trimmed(octets: string): string {
  return octets.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '');
}

function withoutRoute(path: string): string {
  return trimmed(path).replace(/^@[^\s:"]+(?:,@[^\s:"]+)*:/, '');
}

/** What is not ASCII and shows (RFC 6531 §3.3). */
const BEYOND_ASCII = '[^\\u0000-\\u007f\\p{Z}\\p{C}]';

/** Letters, digits and signs that need no quotes (RFC 5322 §3.2.3). */
const ATOM = `(?:[A-Za-z0-9!#$%&'*+/=?^_\`{|}~-]|${BEYOND_ASCII})+`;
const PLAIN_LOCAL = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');

/** In quotes, besides: what no command may hold is left out, and so are the brackets that would end it. */
const QUOTED_LOCAL = new RegExp(`^(?:[ !-;=?-~]|${BEYOND_ASCII})+$`, 'u');

/** One that is certain, and can stand in a command. */
function addressOf(octets: string): MailAddress | undefined {
  const written = textOf(octets);
  const [, quoted, plain, domainText = ''] =
    /^(?:"((?:[^"\\]|\\.)*)"|([^\s"@]+))@([^\s@<>()[\]\\,;:"]+)$/su.exec(written ?? '') ?? [];
  const domain = comparableDomain(domainText);
  const local = plain ?? quoted?.replaceAll(/\\(.)/gsu, '$1') ?? '';
  const isAllowed = quoted === undefined ? isPlainOrDotted(local) : QUOTED_LOCAL.test(local);
  if (domain === '' || domain.length > MAX_DOMAIN_OCTETS || !isAllowed) return undefined;
  return Buffer.byteLength(local) > MAX_LOCAL_OCTETS ? undefined : { local, domain };
}

/** Dots in places where the RFC has none are in use, and go in quotes. */
function isPlainOrDotted(local: string): boolean {
  return PLAIN_LOCAL.test(local.replaceAll(/\.+/g, ''));
}

/** Octets as the UTF-8 that they are; undefined where they are none. */
function textOf(octets: string): string | undefined {
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
