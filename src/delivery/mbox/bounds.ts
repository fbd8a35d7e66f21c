const FROM_LINE = Buffer.from('\nFrom ');

/** As many in a row stand in hardly any mail, but where a file system has lost what was written. */
const NULS = Buffer.alloc(32);

/** A message of an mbox. */
export interface Bounds {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Where what is behind that line begins. */
  readonly content: number;
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
  /** Of those messages whose From_ line has ended. */
  const contents: number[] = [];
  const nuls = new Set<number>();
  let tail = Buffer.from('\n');
  let position = -1;
  for await (const block of blocks) {
    const data = Buffer.concat([tail, block]);
    let from = 0;
    endFromLine(data);
    for (let at = data.indexOf(FROM_LINE); at >= 0; at = data.indexOf(FROM_LINE, at + 1)) {
      if (position + at + 1 <= (starts.at(-1) ?? -1)) continue;
      noteNuls(data.subarray(from, at));
      from = at;
      starts.push(position + at + 1);
      endFromLine(data);
    }
    noteNuls(data.subarray(from));
    tail = Buffer.from(data.subarray(Math.max(0, data.length - NULS.length + 1)));
    position += data.length - tail.length;
  }
  const size = position + tail.length;
  const bounds = starts.map((start, index) => {
    const end = (starts[index + 1] ?? size) - 1;
    return { start, content: Math.min(contents[index] ?? end, end), end, hasNuls: nuls.has(index) };
  });
  return { bounds, isMbox: size === 0 || starts[0] === 0 };

  /** Of the last message that has begun. */
  function noteNuls(part: Buffer): void {
    if (part.includes(NULS)) nuls.add(starts.length - 1);
  }

  function endFromLine(data: Buffer): void {
    const start = starts.at(-1);
    if (start === undefined || contents.length === starts.length) return;
    const end = data.indexOf('\n', Math.max(0, start - position));
    if (end >= 0) contents.push(position + end + 1);
  }
}
