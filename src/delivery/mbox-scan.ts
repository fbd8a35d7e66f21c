import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { systemCode } from '../errors.ts';

const FROM_LINE = Buffer.from('\nFrom ');

/**
 * The hexadecimal SHA-256 of every message of an mbox that has one of these sizes in octets, without its From_ line
 * and the empty line after it. None where there is no such file.
 */
export async function storedHashes(path: string, sizes: ReadonlySet<number>): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  try {
    const bounds = await messageBounds(path);
    for (const { start, end } of bounds) {
      const content = await contentStart(path, start, end);
      const size = end - content;
      if (sizes.has(size)) hashes.add(await hashRange(path, content, end));
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return hashes;
}

interface Bounds {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Where the empty line after it begins. */
  readonly end: number;
}

async function messageBounds(path: string): Promise<Bounds[]> {
  const starts: number[] = [];
  let tail = Buffer.from('\n');
  let position = -1;
  for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
    const data = Buffer.concat([tail, block]);
    for (let at = data.indexOf(FROM_LINE); at >= 0; at = data.indexOf(FROM_LINE, at + 1)) {
      starts.push(position + at + 1);
    }
    tail = Buffer.from(data.subarray(Math.max(0, data.length - FROM_LINE.length + 1)));
    position += data.length - tail.length;
  }
  const size = position + tail.length;
  return starts.map((start, index) => ({ start, end: (starts[index + 1] ?? size) - 1 }));
}

async function contentStart(path: string, start: number, end: number): Promise<number> {
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
