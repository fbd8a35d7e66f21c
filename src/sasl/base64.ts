/**
 * Base64 as RFC 4648 §4 and RFC 5034 §4 have it: padded, no line ends, no foreign characters, no bits left over.
 * Undefined for anything else, where Node would take what it can.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}

/** The initial response of an AUTH line (RFC 5034 §4): base64, or `=` for one that is empty. */
export function decodeInitialResponse(text: string): Buffer | undefined {
  if (text === '=') return Buffer.alloc(0);
  return text === '' ? undefined : decodeBase64(text);
}

/** The same the other way round. */
export function encodeInitialResponse(octets: Uint8Array): string {
  return octets.length === 0 ? '=' : Buffer.from(octets).toString('base64');
}
