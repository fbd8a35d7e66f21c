import { START_OCTETS } from './message-start.ts';
import { withoutReadersFields } from './readers-fields.ts';
import { sha256 } from './sha256.ts';

const CRLF = Buffer.from('\r\n');
const EMPTY_LINE = Buffer.from('\r\n\r\n');

/**
 * The unfolded body of the first header field of that name, each octet as one character (latin1), or undefined.
 * For the few fields that the delivery path itself needs (RFC 5322 §2.2); people are shown what `summary.ts`
 * decodes. `start` is the beginning of a message; line ends may be CRLF or LF.
 */
export function headerField(start: Buffer, name: string): string | undefined {
  const text = start.toString('latin1', 0, headerOctets(start.subarray(0, START_OCTETS)));
  const header = /^\r?\n/.test(text) ? '' : text;
  const field = new RegExp(`^${name}[ \\t]*:(.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(header);
  return field?.[1]?.replaceAll(/\r?\n/g, '').trim();
}

/**
 * The unfolded bodies of all header fields of that name, from the top, each octet as one character. Only a LF ends a line, so that a CR
 * within a field begins no other one; and a field that `start` may not hold to its end is left out. `whole`: nothing comes after it.
 */
export function headerFields(start: Buffer, name: string, whole: boolean): readonly string[] {
  const kept = start.subarray(0, START_OCTETS);
  const lines = kept.toString('latin1').split('\n');
  const end = lines.findIndex((line) => line === '' || line === '\r');
  const isCut = (end < 0 || end === lines.length - 1) && !(whole && kept.length === start.length);
  const fields: string[][] = [];
  for (const line of end < 0 ? lines : lines.slice(0, end)) {
    if (/^[ \t]/.test(line)) fields.at(-1)?.push(line);
    else fields.push([line]);
  }
  if (isCut) fields.pop();
  const wanted = name.toLowerCase();
  return fields.flatMap((field) => {
    const text = field.map((line) => line.replace(/\r$/, '')).join('');
    const colon = text.indexOf(':');
    const isOfName = colon > 0 && text.slice(0, colon).trimEnd().toLowerCase() === wanted;
    return isOfName ? [text.slice(colon + 1)] : [];
  });
}

/** Up to the empty line, or all of it where there is none. */
function headerOctets(start: Buffer): number {
  const crlf = start.indexOf('\n\r\n', 0, 'latin1');
  const until = crlf < 0 ? start : start.subarray(0, crlf);
  const lf = until.indexOf('\n\n', 0, 'latin1');
  return (lf < 0 ? until.length : lf) + 1;
}

/**
 * SHA-256 in hexadecimal of the header, without the empty line that ends it: the same for a whole message and for
 * what TOP n 0 gives of it. Undefined where `start` does not hold all of the header; `whole` says that nothing
 * comes after `start`.
 */
export function headerHash(start: Buffer, whole: boolean): string | undefined {
  const end = start.subarray(0, 2).equals(CRLF) ? 0 : start.indexOf(EMPTY_LINE);
  if (end < 0 && !whole) return undefined;
  const header = end < 0 ? withoutLastLineEnd(start) : start.subarray(0, end);
  return sha256(header);
}

function withoutLastLineEnd(octets: Buffer): Buffer {
  return octets.subarray(-2).equals(CRLF) ? octets.subarray(0, -2) : octets;
}

/**
 * The address of the Return-Path field, if it is one that can stand in a From_ line and in an argument list:
 * printable ASCII without white space. The null sender `<>` and everything doubtful give undefined.
 */
export function returnPath(start: Buffer): string | undefined {
  const address = /^<?([!-;=?-~]{1,256})>?$/.exec(headerField(start, 'Return-Path') ?? '')?.[1];
  return address === undefined || address.startsWith('-') ? undefined : address;
}

/** By which people tell messages apart; servers that write into a header leave them as they are. */
const IDENTIFYING = ['Message-ID', 'Date', 'From', 'To', 'Subject'] as const;

/** What these fields say, as one text: that of the same message is the same. `start` as for `headerField`. */
export function identifyingFields(start: Buffer): string {
  return JSON.stringify(IDENTIFYING.map((name) => headerField(start, name) ?? ''));
}

/**
 * Whether a header is that of a stored message: the identifying fields are the same, with a Message-ID and a Date among them; or,
 * where devices leave these out, each line of what is stored is there, so that its server has written into it at most. Both as for
 * `headerField`.
 */
export function isHeaderOf(header: Buffer, stored: Buffer): boolean {
  if (identifyingFields(header) !== identifyingFields(stored)) return false;
  const areTold = ['Message-ID', 'Date'].every((name) => (headerField(stored, name) ?? '') !== '');
  if (areTold) return true;
  const lines = new Set(linesOf(header));
  return linesOf(stored).every((line) => lines.has(line));
}

/** Without what mail programs write into an mbox. */
function linesOf(start: Buffer): readonly string[] {
  const header = start.toString('latin1', 0, headerOctets(start));
  return withoutReadersFields(header).split(/\r?\n/);
}
