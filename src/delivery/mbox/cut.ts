import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../../durable/regular-file.ts';
import { headerField } from '../../message/header-field.ts';
import { Sha256 } from '../../message/sha256.ts';
import type { Receipt, RecordedReceipts } from '../destination.ts';
import { partsOfName } from '../settings.ts';
import { readBounds } from './bounds.ts';
import { blocksOf, fromLineAt, readAt } from './reading.ts';

const HEADER_OCTETS = 64 * 1024;

/**
 * Whether only a piece of a message stands where it was appended to an mbox, as when the end of the file was lost: one with its
 * Message-ID, and shorter, that no record tells of. Mail programs remove whole messages, and only write something into those that they
 * leave.
 */
export async function isCutInMbox(
  receipt: Receipt,
  messageId: string,
  records: RecordedReceipts,
): Promise<boolean> {
  const { type, path } = partsOfName(receipt.destination);
  if (type !== 'mbox' || messageId === '') return false;
  // Whoever asks has just read it, or knows that it is not there.
  const file = await openRegular(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const shorter = await shorterThere(file, receipt, messageId);
    return shorter !== undefined && records.recordedAs(receipt.destination, [shorter]).length === 0;
  } finally {
    await file.close();
  }
}

/** The hash of what stands there, where it is shorter and has this Message-ID. */
async function shorterThere(
  file: FileHandle,
  { location, octets }: Receipt,
  messageId: string,
): Promise<string | undefined> {
  const start = Number(location);
  const line = await fromLineAt(file, start);
  if (line === undefined) return undefined;
  const from = start + line.length;
  // With the empty line behind it, and the beginning of the next.
  const to = from + octets + 1 + 'From '.length;
  const { bounds } = await readBounds(blocksOf(file, start, to));
  const end = start + (bounds[0]?.end ?? 0);
  if (end - from >= octets) return undefined;
  const header = await readAt(file, from, Math.min(HEADER_OCTETS, Math.max(0, end - from)));
  if (headerField(header, 'Message-ID') !== messageId) return undefined;
  const hash = new Sha256();
  for await (const block of blocksOf(file, from, end)) hash.update(block);
  return hash.digest();
}
