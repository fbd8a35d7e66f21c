import {
  isMessageNumber,
  type MessageNumber,
  type Octets,
  parseMessageNumber,
  parseOctets,
  type UniqueId,
} from '../pop3/types.ts';
import { parseUniqueId } from '../pop3/unique-id.ts';
import { MAX_UNIQUE_ID_OCTETS } from '../wire/limits.ts';

const TAB = 0x09;
const SPACE = 0x20;
const ZERO = 0x30;

/** A number of up to this many digits is a safe integer. */
const SAFE_DIGITS = 15;

/** Takes a row of a scan listing: a message number, and the size that is listed for it. */
export type OnSize = (number: MessageNumber, octets: Octets) => void;

/** Takes a row of a unique-id listing; `uid` is undefined where the server gave none that can be used. */
export type OnUniqueId = (number: MessageNumber, uid: UniqueId | undefined) => void;

/**
 * Reads a line of a scan listing (RFC 1939 §5), which stands in a block without its end; one that makes no sense is left
 * out. There may be a hundred thousand of them: as nearly all servers write it, a row costs no text and no object.
 */
export function readScanRow(block: Buffer, start: number, end: number, onRow: OnSize): void {
  const gap = digitsEnd(block, start, end);
  const isPlain = gap < end && block[gap] === SPACE && digitsEnd(block, gap + 1, end) === end;
  if (isPlain && areSafe(start, gap) && areSafe(gap + 1, end)) {
    const number = valueOf(block, start, gap);
    if (isMessageNumber(number)) onRow(number, valueOf(block, gap + 1, end));
    return;
  }
  const [digits = '', size = ''] = block
    .toString('latin1', start, end)
    .trim()
    .split(/[ \t]+/, 2);
  const number = parseMessageNumber(digits);
  const octets = parseOctets(size);
  if (number !== undefined && octets !== undefined) onRow(number, octets);
}

/** Reads a line of a unique-id listing (RFC 1939 §7) in the same way; the unique-id is the only text that it costs. */
export function readUniqueIdRow(block: Buffer, start: number, end: number, onRow: OnUniqueId): void {
  let first = start;
  while (first < end && isBlank(block[first])) first += 1;
  const digits = digitsEnd(block, first, end);
  let from = digits;
  while (from < end && isBlank(block[from])) from += 1;
  let to = end;
  while (to > from && isBlank(block[to - 1])) to -= 1;
  // What is no number up to a gap is no row.
  if (digits < end && from === digits) return;
  const number = areSafe(first, digits)
    ? valueOf(block, first, digits)
    : parseMessageNumber(block.toString('latin1', first, digits));
  if (number === undefined || !isMessageNumber(number)) return;
  onRow(number, parseUniqueId(block.toString('latin1', from, to), MAX_UNIQUE_ID_OCTETS));
}

function digitsEnd(block: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(block[at])) at += 1;
  return at;
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= ZERO && octet < ZERO + 10;
}

/** Not what `trim` takes for white space, which octets of a unique-id may be. */
function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}

function areSafe(start: number, end: number): boolean {
  return start < end && end - start <= SAFE_DIGITS;
}

function valueOf(block: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + (block[at] ?? ZERO) - ZERO;
  return value;
}
