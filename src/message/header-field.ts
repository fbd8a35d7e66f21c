const MAX_HEADER_OCTETS = 64 * 1024;

/**
 * The unfolded body of the first header field of that name, each octet as one character (latin1), or undefined.
 * For the few fields that the delivery path itself needs (RFC 5322 §2.2); people are shown what `summary.ts`
 * decodes. `start` is the beginning of a message; line ends may be CRLF or LF.
 */
export function headerField(start: Buffer, name: string): string | undefined {
  const text = start.subarray(0, MAX_HEADER_OCTETS).toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const header = /^\r?\n/.test(text) ? '' : text.slice(0, end);
  const field = new RegExp(`^${name}[ \\t]*:(.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(header);
  return field?.[1]?.replaceAll(/\r?\n/g, '').trim();
}

/**
 * The address of the Return-Path field, if it is one that can stand in a From_ line and in an argument list:
 * printable ASCII without white space. The null sender `<>` and everything doubtful give undefined.
 */
export function returnPath(start: Buffer): string | undefined {
  const address = /^<?([!-;=?-~]{1,256})>?$/.exec(headerField(start, 'Return-Path') ?? '')?.[1];
  return address === undefined || address.startsWith('-') ? undefined : address;
}
