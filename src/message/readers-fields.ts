const MARKS = 'Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase';

/** What servers write into the header of a message, to remember what was read and seen. */
const MARKS_OF_READERS = fieldsOf(MARKS);
/** What mail programs write into it in an mbox, where they also note where it ends. */
const FIELDS_OF_READERS = fieldsOf(
  `${MARKS}|Content-Length|Lines|X-Mozilla-Status|X-Mozilla-Status2|X-Mozilla-Keys`,
);

/** A header without the marks of those who have read the message; itself where it has none. Its last line must be whole. */
export function withoutMarks(header: Buffer): Buffer {
  const text = header.toString('latin1');
  const rest = text.replaceAll(MARKS_OF_READERS, '');
  return rest.length === text.length ? header : Buffer.from(rest, 'latin1');
}

/**
 * A header, each octet as one character (latin1), without the fields that mail programs write into it. Line ends may be CRLF or LF.
 * Mail may come with such fields too: who compares leaves them out on both sides.
 */
export function withoutReadersFields(header: string): string {
  return header.replaceAll(FIELDS_OF_READERS, '');
}

/** Whole fields of these names, with the lines that go on with them (RFC 5322 §2.2.3). */
function fieldsOf(names: string): RegExp {
  return new RegExp(`(?<![^\\n])(?:${names}):[^\\n]*\\n(?:[ \\t][^\\n]*\\n)*`, 'gi');
}
