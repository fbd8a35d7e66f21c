/** What mail programs write into the header of a message in an mbox, to remember what they know of it. */
const READERS_FIELDS =
  /(?<![^\n])(?:Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase|Content-Length|Lines):[^\n]*\n(?:[ \t][^\n]*\n)*/gi;

/**
 * A header, each octet as one character (latin1), without the fields that mail programs write into it. Line ends may be CRLF or LF.
 * Mail may come with such fields too: who compares leaves them out on both sides.
 */
export function withoutReadersFields(header: string): string {
  return header.replaceAll(READERS_FIELDS, '');
}
