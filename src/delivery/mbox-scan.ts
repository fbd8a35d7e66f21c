import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { systemCode } from '../errors.ts';
import type { Receipt, StoredState } from './destination.ts';
import { readingFailed } from './errors.ts';

const FROM_LINE = Buffer.from('\nFrom ');

/** As many NULs in a row stand in no mail, but where a file system has lost what was written. */
const LOST = Buffer.alloc(32);

/** As `Destination.inspect`, of the mbox at this path. */
export async function* inspectMbox(
  path: string,
  receipts: Iterable<Receipt>,
): AsyncGenerator<StoredState, void, undefined> {
  const all = [...receipts];
  const contents = await scan(path, new Set(all.map(({ octets }) => octets)));
  for (const receipt of all) yield stateIn(contents, receipt);
}

async function scan(path: string, sizes: ReadonlySet<number>): Promise<MboxContents> {
  try {
    return await scanMbox(path, sizes);
  } catch (error) {
    throw readingFailed(path, error);
  }
}

/** What there is of an mbox. */
interface MboxContents {
  /** Whether it is there, is empty or begins with a From_ line, and nothing in it was overwritten with NULs. */
  readonly isSound: boolean;
  /** The hexadecimal SHA-256 of the messages of the sizes asked for, without From_ line and the empty line after. */
  readonly hashes: ReadonlySet<string>;
  /** Sizes in octets of these messages by the offset of their From_ line. */
  readonly sizes: ReadonlyMap<number, number>;
}

/** Reads an mbox, and hashes the messages that have one of these sizes in octets. */
async function scanMbox(path: string, sizes: ReadonlySet<number>): Promise<MboxContents> {
  const hashes = new Set<string>();
  const sizesThere = new Map<number, number>();
  try {
    const { bounds, isSound } = await readBounds(createReadStream(path));
    for (const { start, end } of bounds) {
      const content = await contentStart(path, start, end);
      const size = end - content;
      if (!sizes.has(size)) continue;
      hashes.add(await hashRange(path, content, end));
      sizesThere.set(start, size);
    }
    return { isSound, hashes, sizes: sizesThere };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return { isSound: false, hashes: new Set(), sizes: new Map() };
  }
}

/**
 * What has become of a message: intact wherever it stands now. An mbox knows no names, so it is said to be missing,
 * which counts as handed over, only when the mbox is sound and nothing of its size stands in its place.
 */
function stateIn({ isSound, hashes, sizes }: MboxContents, receipt: Receipt): StoredState {
  if (hashes.has(receipt.sha256)) return 'intact';
  return isSound && sizes.get(Number(receipt.location)) !== receipt.octets ? 'missing' : 'changed';
}

export interface Bounds {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Where the empty line after it begins. */
  readonly end: number;
}

/** Where the messages of an mbox begin and end, and whether it makes sense. */
export async function readBounds(
  blocks: AsyncIterable<Buffer>,
): Promise<{ bounds: Bounds[]; isSound: boolean }> {
  const starts: number[] = [];
  let hasLost = false;
  let tail = Buffer.from('\n');
  let position = -1;
  for await (const block of blocks) {
    const data = Buffer.concat([tail, block]);
    for (let at = data.indexOf(FROM_LINE); at >= 0; at = data.indexOf(FROM_LINE, at + 1)) {
      if (position + at + 1 > (starts.at(-1) ?? -1)) starts.push(position + at + 1);
    }
    hasLost ||= data.includes(LOST);
    tail = Buffer.from(data.subarray(Math.max(0, data.length - LOST.length + 1)));
    position += data.length - tail.length;
  }
  const size = position + tail.length;
  const bounds = starts.map((start, index) => ({ start, end: (starts[index + 1] ?? size) - 1 }));
  return { bounds, isSound: !hasLost && (size === 0 || starts[0] === 0) };
}

/** Where a message begins that has its From_ line at `start`. */
export async function contentStart(path: string, start: number, end: number): Promise<number> {
  let position = start;
  for await (const block of createReadStream(path, { start, end }) as AsyncIterable<Buffer>) {
    const line = block.indexOf('\n');
    if (line >= 0) return position + line + 1;
    position += block.length;
  }
  return end;
}

async function hashRange(path: string, start: number, end: number): Promise<string> {
  const hash = createHash('sha256');
  if (end <= start) return hash.digest('hex');
  // The end of a read stream is inclusive.
  for await (const block of createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>)
    hash.update(block);
  return hash.digest('hex');
}
