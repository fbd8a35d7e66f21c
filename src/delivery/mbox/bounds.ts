import { createReadStream } from 'node:fs';

const FROM_LINE = Buffer.from('\nFrom ');

/** As many in a row stand in hardly any mail, but where a file system has lost what was written. */
const NULS = Buffer.alloc(32);

/** A message of an mbox. */
export interface Bounds {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Where the empty line after it begins. */
  readonly end: number;
  /** Whether it holds as many NULs as stand in no mail, but where a file system has lost what was written. */
  readonly hasNuls: boolean;
}

/** Where the messages of an mbox begin and end, and whether it is one: empty, or with a From_ line in front. */
export async function readBounds(
  blocks: AsyncIterable<Buffer>,
): Promise<{ readonly bounds: readonly Bounds[]; readonly isMbox: boolean }> {
  const starts: number[] = [];
  const nuls = new Set<number>();
  let tail = Buffer.from('\n');
  let position = -1;
  for await (const block of blocks) {
    const data = Buffer.concat([tail, block]);
    let from = 0;
    for (let at = data.indexOf(FROM_LINE); at >= 0; at = data.indexOf(FROM_LINE, at + 1)) {
      if (position + at + 1 <= (starts.at(-1) ?? -1)) continue;
      noteNuls(data.subarray(from, at));
      from = at;
      starts.push(position + at + 1);
    }
    noteNuls(data.subarray(from));
    tail = Buffer.from(data.subarray(Math.max(0, data.length - NULS.length + 1)));
    position += data.length - tail.length;
  }
  const size = position + tail.length;
  const bounds = starts.map((start, index) => {
    return { start, end: (starts[index + 1] ?? size) - 1, hasNuls: nuls.has(index) };
  });
  return { bounds, isMbox: size === 0 || starts[0] === 0 };

  /** Of the last message that has begun. */
  function noteNuls(part: Buffer): void {
    if (part.includes(NULS)) nuls.add(starts.length - 1);
  }
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

/** The octets between two places of a file. */
export async function* range(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  // The end of a read stream is inclusive.
  if (end > start) yield* createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>;
}
