import { isUtf8 } from 'node:buffer';

/**
 * Text from the other side as it may be shown: control characters (C0, DEL, C1) are escaped, so that a server
 * cannot write to the user's terminal or forge a log line, and it is cut at `maxCharacters`.
 */
export function printable(text: string, maxCharacters = 200): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is escaped here
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** The same of a line as it is held, each octet as one character: UTF-8 is read as that (RFC 6856 §3). */
export function printableLine(line: string, maxCharacters?: number): string {
  const octets = Buffer.from(line, 'latin1');
  return printable(isUtf8(octets) ? octets.toString('utf8') : line, maxCharacters);
}

/** `1 message`, `1,234 messages`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
