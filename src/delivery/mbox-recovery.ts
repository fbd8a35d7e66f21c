import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../durable/file-writer.ts';
import type { Intent, Receipt, Recovered } from './destination.ts';

const BLOCK_OCTETS = 1024 * 1024;

/** The longest From_ line that we write: an address and a date. */
const MOST_FROM_LINE_OCTETS = 1024;

/**
 * A From_ line of somebody else: at the beginning of a line every `From `, since ours are quoted; elsewhere, where
 * another program put it behind half a line of ours, one with a date.
 */
const FROM_LINE =
  /\nFrom |From [^\n]{1,400}? (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) /g;

/**
 * Looks, in a locked mbox, for what these intents were about: gives the receipts of those that stand there whole
 * (made durable now), and cuts off the piece of one that was being written when the process died.
 *
 * Where an append failed, the next one had the same place. An intent says nothing where the message of a record stands, as
 * `recordedAt` tells, and of several equal messages one stands there (I1). Where the owner has emptied the mbox since, and one
 * that equals what stood first in it was appended there by a poll that was killed, that one is delivered twice.
 */
export async function recoverAppends(
  file: FileHandle,
  intents: readonly Intent[],
  recordedAt: (locations: readonly string[]) => readonly Receipt[],
): Promise<ReadonlyMap<string, Recovered>> {
  const found = new Map<string, Recovered>();
  const taken = await standingAt(file, recordedAt(intents.map(({ receipt }) => receipt.location)));
  const open = intents.filter(({ receipt }) => !taken.has(receipt.location));
  const inOrder = open.sort((a, b) => offsetOf(a) - offsetOf(b));
  for (const [index, intent] of inOrder.entries()) {
    const { location } = intent.receipt;
    if (taken.has(location)) continue;
    if (await standsWhole(file, intent)) {
      await addEmptyLine(file, intent);
      taken.add(location);
      found.set(intent.tag, { receipt: intent.receipt, received: undefined });
    } else if (await isPieceAtEnd(file, intent, inOrder.slice(index + 1))) {
      await file.truncate(offsetOf(intent));
    }
  }
  await file.sync();
  return found;
}

/** The places at which what was recorded there still stands. */
async function standingAt(file: FileHandle, recorded: readonly Receipt[]): Promise<Set<string>> {
  const places = new Set<string>();
  for (const receipt of recorded) {
    const start = await readAt(file, Number(receipt.location), MOST_FROM_LINE_OCTETS);
    const end = start.indexOf('\n');
    const isThere = end >= 0 && start.subarray(0, 5).toString('latin1') === 'From ';
    if (isThere && (await standsAt(file, Number(receipt.location) + end + 1, receipt)))
      places.add(receipt.location);
  }
  return places;
}

function offsetOf({ receipt }: Intent): number {
  return Number(receipt.location);
}

/** Where a message ends, without the empty line behind it. */
function endOf(intent: Intent): number {
  return offsetOf(intent) + intent.opening.indexOf('\n') + 1 + intent.receipt.octets;
}

/** The empty line behind a message is written last, and may be missing. */
async function addEmptyLine(file: FileHandle, intent: Intent): Promise<void> {
  const end = endOf(intent);
  const { size } = await file.stat();
  if (size === end) await writeAll(file, Buffer.from('\n'), end);
}

async function standsWhole(file: FileHandle, intent: Intent): Promise<boolean> {
  const { opening, receipt } = intent;
  const start = await readAt(file, offsetOf(intent), opening.length);
  return start.equals(opening) && standsAt(file, offsetOf(intent) + opening.indexOf('\n') + 1, receipt);
}

/** Whether the message of a receipt, without its From_ line, stands at an offset. */
async function standsAt(file: FileHandle, offset: number, { octets, sha256 }: Receipt): Promise<boolean> {
  const hash = createHash('sha256');
  let at = offset;
  for (let left = octets; left > 0; ) {
    const block = await readAt(file, at, Math.min(left, BLOCK_OCTETS));
    if (block.length === 0) return false;
    hash.update(block);
    at += block.length;
    left -= block.length;
  }
  return hash.digest('hex') === sha256;
}

/**
 * Whether all that stands from the offset to the end of the file is a piece of our message, or that and those that we
 * appended with it, and nobody else's. When in doubt it is left alone: half a message too many is better than somebody's
 * mail cut off. A truncation that failed may have overwritten the first of it with zeros, which begin no mail of anybody.
 */
async function isPieceAtEnd(file: FileHandle, intent: Intent, later: readonly Intent[]): Promise<boolean> {
  const { opening } = intent;
  const offset = offsetOf(intent);
  const { size } = await file.stat();
  const octets = size - offset;
  const behind = await beginningIn(file, later);
  // Of those behind it some may have come to nothing, and lie in what was overwritten with zeros.
  const end = Math.max(...[intent, ...behind].map(endOf));
  if (octets <= 0 || size > end + 1) return false;
  const ours = new Set(behind.map(offsetOf));
  const start = await readAt(file, offset, Math.min(octets, opening.length));
  if (!isBeginning(start, intent)) return false;
  let before = '';
  for (let at = offset + opening.indexOf('\n'); at < size; ) {
    const block = await readAt(file, at, BLOCK_OCTETS);
    if (block.length === 0) break;
    const text = before + block.toString('latin1');
    for (const match of text.matchAll(FROM_LINE)) {
      const position = at - before.length + match.index + (match[0].startsWith('\n') ? 1 : 0);
      if (!ours.has(position)) return false;
    }
    before = text.slice(-512);
    at += block.length;
  }
  return true;
}

/** The intents whose messages do begin where they were meant to. */
async function beginningIn(file: FileHandle, intents: readonly Intent[]): Promise<readonly Intent[]> {
  const there: Intent[] = [];
  for (const intent of intents) {
    const start = await readAt(file, offsetOf(intent), intent.opening.length);
    if (start.length > 0 && isBeginning(start, intent)) there.push(intent);
  }
  return there;
}

/** Whether this is the beginning of our message, the first of it perhaps overwritten with zeros. */
function isBeginning(start: Buffer, { opening }: Intent): boolean {
  const found = start.findIndex((octet) => octet !== 0);
  const zeros = found < 0 ? start.length : found;
  return start.subarray(zeros).equals(opening.subarray(zeros, start.length));
}

async function readAt(file: FileHandle, position: number, octets: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(octets), 0, octets, position);
  return buffer.subarray(0, bytesRead);
}
