import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../durable/file-writer.ts';
import type { Intent, Recovered } from '../destination.ts';
import { endOf, formOf, formsAt, type MboxRecords, offsetOf, standingAt } from './intents.ts';
import { isPieceAtEnd, movedPiece } from './piece.ts';
import { blocksOf, readAt } from './reading.ts';
import { searchAppended } from './search.ts';
import { unmarkedContent } from './unmarked.ts';

/**
 * Looks in a locked mbox for what these intents were about. Gives what stands there whole (made durable now), with what was
 * received; cuts off the piece of one that was being written when the process died. The whole mbox is searched only for what
 * is not where it was meant to be. After an append that failed, the next one had the same place. An intent says nothing
 * where the message of a record stands, as `recordedAt` tells, and of several equal messages one stands there (I1). One case
 * is delivered twice: the owner has emptied the mbox since, and a message that equals what stood first in it was appended
 * there by a poll that was killed.
 */
export async function recoverAppends(
  file: FileHandle,
  intents: readonly Intent[],
  records: MboxRecords,
): Promise<ReadonlyMap<string, Recovered>> {
  const { found, left, taken } = await recoverInPlace(file, intents, records);
  const moved =
    left.length === 0 ? [] : await searchAppended(file, left, { taken, recordedAs: records.recordedAs });
  await file.sync();
  return new Map([...found, ...moved]);
}

/** Cuts off, in a locked mbox, the piece of a message that was being written when the process died, and looks for nothing else. */
export async function cutOffPiece(
  file: FileHandle,
  intents: readonly Intent[],
  records: MboxRecords,
): Promise<void> {
  await recoverInPlace(file, intents, records);
  await file.sync();
}

/** What stands where it was meant to, and what does not; the places that are taken by that or by records. */
interface InPlace {
  readonly found: ReadonlyMap<string, Recovered>;
  readonly left: readonly Intent[];
  readonly taken: ReadonlySet<string>;
}

async function recoverInPlace(
  file: FileHandle,
  intents: readonly Intent[],
  { recordedAt, recordedAs }: MboxRecords,
): Promise<InPlace> {
  const found = new Map<string, Recovered>();
  const taken = await standingAt(file, recordedAt(intents.map(({ receipt }) => receipt.location)));
  const [open, left] = [intents.filter((one) => !isTaken(one)), intents.filter(isTaken)];
  const inOrder = open.sort((a, b) => offsetOf(a) - offsetOf(b));
  for (const [index, intent] of inOrder.entries()) {
    const standing = isTaken(intent) ? undefined : await standingInPlace(file, intent);
    if (standing !== undefined) {
      await addEmptyLine(file, intent);
      taken.add(intent.receipt.location);
      found.set(intent.tag, standing);
    } else if (!isTaken(intent) && (await isPieceAtEnd(file, intent, inOrder.slice(index + 1)))) {
      await file.truncate(offsetOf(intent));
    } else left.push(intent);
  }
  const piece = left.length === 0 ? undefined : await movedPiece(file, left, { taken, recordedAs });
  if (piece !== undefined) await file.truncate(piece);
  return { found, left, taken };

  function isTaken({ receipt }: Intent): boolean {
    return taken.has(receipt.location);
  }
}

/** The message with what was received, where it stands whole at its place. */
async function standingInPlace(file: FileHandle, intent: Intent): Promise<Recovered | undefined> {
  const { opening } = intent;
  const start = await readAt(file, offsetOf(intent), opening.length);
  if (!start.equals(opening)) return undefined;
  const to = endOf(intent);
  const from = to - intent.receipt.octets;
  const [asStored] = await formsAt(file, { from, to }, []);
  const received = formOf([asStored], intent)?.received;
  if (received === undefined) return undefined;
  const unmarked = await unmarkedContent(blocksOf(file, from, to));
  return { receipt: { ...intent.receipt, unmarkedSha256: unmarked?.sha256 }, received };
}

/** The empty line behind a message is written last, and may be missing. */
async function addEmptyLine(file: FileHandle, intent: Intent): Promise<void> {
  const end = endOf(intent);
  const { size } = await file.stat();
  if (size === end) await writeAll(file, Buffer.from('\n'), end);
}
