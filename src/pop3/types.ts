declare const brand: unique symbol;

/** A message's number within one session (RFC 1939 §5): 1 or more, valid until QUIT, meaningless afterwards. */
export type MessageNumber = number & { readonly [brand]: 'MessageNumber' };

/**
 * A message's unique-id (RFC 1939 §7): opaque octets, each held as one character (latin1), compared exactly,
 * never part of a path.
 */
export type UniqueId = string & { readonly [brand]: 'UniqueId' };

/** A count of octets. */
export type Octets = number;

/** Drop listing, the reply to STAT (RFC 1939 §5). */
export interface DropListing {
  /** How many messages there are, without those marked as deleted. */
  readonly messages: number;
  /** Their size together, as the server counts. */
  readonly octets: Octets;
}

/** One row of a scan listing, the reply to LIST (RFC 1939 §5). The size is a hint, never a frame. */
export interface ScanRow {
  readonly number: MessageNumber;
  readonly octets: Octets;
}

const MAX_MESSAGE_NUMBER = 2 ** 31 - 1;

/** `digits` as a message number, or undefined: decimal digits only, 1 to 2³¹−1. */
export function parseMessageNumber(digits: string): MessageNumber | undefined {
  const value = parseOctets(digits);
  return value !== undefined && isMessageNumber(value) ? value : undefined;
}

/** Whether a whole number is in the range of message numbers: 1 to 2³¹−1. */
export function isMessageNumber(value: number): value is MessageNumber {
  return value >= 1 && value <= MAX_MESSAGE_NUMBER;
}

/** `digits` as a count of octets, or undefined: decimal digits only, up to 2⁵³−1. */
export function parseOctets(digits: string): Octets | undefined {
  if (!/^\d{1,16}$/.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}
