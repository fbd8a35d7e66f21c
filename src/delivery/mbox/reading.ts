import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../../durable/regular-file.ts';
import { ignoreMissing } from '../../errors.ts';
import { readingFailed } from '../errors.ts';
import { partsOfName } from '../settings.ts';

const BLOCK_OCTETS = 1024 * 1024;

/** The longest From_ line that we write: an address and a date. */
const MOST_FROM_LINE_OCTETS = 1024;

const FROM = 'From ';

/** While a program never stops writing, what one look sees must do. */
const MOST_LOOKS = 5;

/**
 * The mbox that a destination of this name is, to be read; undefined where it is another kind of place, or nothing is there.
 * Raises a `MailError` where it cannot be opened: that says nothing of what is in it.
 */
export async function openMbox(destination: string): Promise<FileHandle | undefined> {
  const { type, path } = partsOfName(destination);
  if (type !== 'mbox') return undefined;
  try {
    return await openRegular(path).catch(ignoreMissing);
  } catch (error) {
    throw readingFailed(path, error);
  }
}

/**
 * What `read` makes of an open mbox. It is read again if it changed meanwhile: mail programs rewrite it in place, and what
 * moves may be seen twice or not at all. A lock would keep them waiting for as long as we read.
 */
export async function steadily<T>(file: FileHandle, read: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    const before = await changesOf(file);
    const seen = await read();
    if (looks === MOST_LOOKS || (await changesOf(file)) === before) return seen;
  }
}

async function changesOf(file: FileHandle): Promise<string> {
  const { mtimeNs, size } = await file.stat({ bigint: true });
  return `${mtimeNs} ${size}`;
}

/** As many octets of an open mbox as there are, up to this number. */
export async function readAt(file: FileHandle, position: number, octets: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(octets), 0, octets, position);
  return buffer.subarray(0, bytesRead);
}

/** What stands in an open mbox between two places, or from the first one on, in blocks of so many octets. */
export async function* blocksOf(
  file: FileHandle,
  from: number,
  to: number = Number.POSITIVE_INFINITY,
  most: number = BLOCK_OCTETS,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = from; at < to; ) {
    const block = await readAt(file, at, Math.min(to - at, most));
    if (block.length === 0) return;
    yield block;
    at += block.length;
  }
}

/**
 * As `blocksOf` of one mbox, for places that are asked for in their order: of small messages many are read at a time, each of
 * which would cost a call of its own.
 */
export function readingAhead(
  file: FileHandle,
): (from: number, to: number) => AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  let heldFrom = 0;
  return async function* blocks(from, to) {
    for (let at = from; at < to; ) {
      if (at < heldFrom || at >= heldFrom + held.length) {
        held = await readAt(file, at, BLOCK_OCTETS);
        heldFrom = at;
        if (held.length === 0) return;
      }
      const block = held.subarray(at - heldFrom, to - heldFrom);
      yield block;
      at += block.length;
    }
  };
}

/** The From_ line that begins there, each octet as one character, with its line end; undefined where none does, or one that is longer. */
export async function fromLineAt(
  file: FileHandle,
  position: number,
  most: number = MOST_FROM_LINE_OCTETS,
): Promise<string | undefined> {
  const start = await readAt(file, position, most);
  const end = start.indexOf('\n');
  const line = start.toString('latin1', 0, end + 1);
  return line.startsWith(FROM) ? line : undefined;
}

/** Where the last From_ line of an mbox begins; undefined where that is more than `most` octets before its end, or there is none. */
export async function lastFromLine(
  file: FileHandle,
  size: number,
  most: number,
): Promise<number | undefined> {
  const overlap = FROM.length;
  for (let end = size; end > 0 && size - end <= most; end -= BLOCK_OCTETS) {
    const from = Math.max(0, end - BLOCK_OCTETS);
    const text = (await readAt(file, from, Math.min(size, end + overlap) - from)).toString('latin1');
    const at = text.lastIndexOf(`\n${FROM}`);
    if (at >= 0) return from + at + 1;
    if (from === 0) return text.startsWith(FROM) ? 0 : undefined;
  }
  return undefined;
}
