import type { UniqueId } from './types.ts';

/**
 * A unique-id as a server may send it: 1 to `maxOctets` octets without control characters. RFC 1939 §7 allows
 * 0x21 to 0x7E only; spaces and 8-bit octets are seen in the field and are kept as they are.
 */
export function parseUniqueId(text: string, maxOctets: number): UniqueId | undefined {
  if (text.length === 0 || text.length > maxOctets) return undefined;
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused here
  if (/[\u0000-\u001f\u007f]/.test(text)) return undefined;
  return text as UniqueId;
}
