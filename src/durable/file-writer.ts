import { type FileHandle, open } from 'node:fs/promises';

/** Writes all of `block` at `position`; the system may take it in several pieces, and `taken` is told of each. */
export async function writeAll(
  file: FileHandle,
  block: Uint8Array,
  position: number,
  taken?: (octets: number) => void,
): Promise<void> {
  let done = 0;
  while (done < block.length) {
    const { bytesWritten } = await file.write(block, done, block.length - done, position + done);
    done += bytesWritten;
    taken?.(bytesWritten);
  }
}

const EMPTY = Buffer.alloc(0);

/** What is read back at a time. */
const BLOCK_OCTETS = 1024 * 1024;

/** How many pieces are held at most, however small they are: each of them is an object (I7). */
const MOST_HELD = 4096;

/** Up to this many pieces are handed to the system as they are; more are joined first. */
const MAX_PIECES = 64;

/** Memory for copies is used again: touching new memory costs more than all else that is done with most messages. */
const CHUNK_OCTETS = 64 * 1024;
const MOST_CHUNKS = 64;
const free: Buffer[] = [];

/**
 * Octets on their way into a file that does not exist yet. Up to `bufferOctets` they are held, so that a small
 * message costs one write, and a large one few; with more of them the file is opened. While the system takes what was held,
 * the next octets are.
 */
export class FileWriter {
  readonly #open: () => Promise<FileHandle>;
  readonly #bufferOctets: number;
  #octets = 0;
  #held: Buffer[] = [];
  #heldOctets = 0;
  #written = 0;
  /** Memory of copies, of which the last has this much room. */
  #chunks: Buffer[] = [];
  #room: Buffer = EMPTY;
  #file: FileHandle | undefined;
  /** What the system takes at the moment. */
  #writing: Promise<void> | undefined;

  constructor(openFile: () => Promise<FileHandle>, bufferOctets: number) {
    this.#open = openFile;
    this.#bufferOctets = bufferOctets;
  }

  /** Octets taken so far. */
  get octets(): number {
    return this.#octets;
  }

  /** Takes the next block, which must not be changed afterwards. What fails in the background, the next call tells. */
  write(block: Buffer): Promise<void> {
    return this.writeEach([block]);
  }

  /** As `write`, of blocks that follow each other. */
  writeEach(blocks: readonly Buffer[]): Promise<void> {
    for (const block of blocks) this.#hold(block);
    return this.#writeIfFull();
  }

  /** Takes octets that will change: it has copied them when it returns. */
  writeCopy(octets: Buffer): Promise<void> {
    for (let from = 0; from < octets.length; ) {
      if (this.#room.length === 0) this.#room = this.#takeChunk();
      const size = Math.min(this.#room.length, octets.length - from);
      const piece = this.#room.subarray(0, size);
      octets.copy(piece, 0, from, from + size);
      this.#hold(piece);
      this.#room = this.#room.subarray(size);
      from += size;
    }
    return this.#writeIfFull();
  }

  /** Writes what is held, opening the file if that was not done yet, and gives the file. */
  async flush(): Promise<FileHandle> {
    await this.#idle();
    await this.#writeHeld();
    return this.#opened();
  }

  /** All that was taken, in blocks; the next octets only after that. */
  async *blocks(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#file === undefined) {
      yield* this.#held;
      return;
    }
    const file = await this.flush();
    for (let position = 0; position < this.#octets; ) {
      const block = Buffer.allocUnsafe(BLOCK_OCTETS);
      const { bytesRead } = await file.read(block, 0, BLOCK_OCTETS, position);
      if (bytesRead === 0) throw new Error('a file that is being written became shorter');
      yield block.subarray(0, bytesRead);
      position += bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    const file = this.#file;
    this.#file = undefined;
    this.#freeChunks(this.#chunks.length);
    await file?.close();
  }

  #hold(block: Buffer): void {
    if (block.length === 0) return;
    this.#octets += block.length;
    this.#held.push(block);
    this.#heldOctets += block.length;
  }

  async #writeIfFull(): Promise<void> {
    if (this.#heldOctets <= this.#bufferOctets && this.#held.length < MOST_HELD) return;
    await this.#idle();
    await this.#opened();
    this.#writing = this.#writeHeld();
    this.#writing.catch(() => undefined);
  }

  #takeChunk(): Buffer {
    const chunk = free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_OCTETS);
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Gives the first so many chunks to whoever needs them next. */
  #freeChunks(count: number): void {
    const chunks = this.#chunks.splice(0, count);
    if (this.#chunks.length === 0) this.#room = EMPTY;
    free.push(...chunks.slice(0, MOST_CHUNKS - free.length));
  }

  /** Resolves when nothing is being written, or rejects, once, with why that failed. */
  async #idle(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing;
  }

  async #opened(): Promise<FileHandle> {
    this.#file ??= await this.#open();
    return this.#file;
  }

  async #writeHeld(): Promise<void> {
    const blocks = this.#held;
    const octets = this.#heldOctets;
    // Into the last one more may be copied while the system writes.
    const chunks = Math.max(0, this.#chunks.length - 1);
    this.#held = [];
    this.#heldOctets = 0;
    try {
      const file = await this.#opened();
      if (octets > 0) await writeBlocks(file, blocks, this.#written);
    } catch (error) {
      // Whoever tries again after a failure must find the octets still here.
      this.#held = [...blocks, ...this.#held];
      this.#heldOctets += octets;
      throw error;
    }
    this.#written += octets;
    this.#freeChunks(chunks);
  }
}

async function writeBlocks(file: FileHandle, blocks: readonly Buffer[], position: number): Promise<void> {
  if (blocks.length > MAX_PIECES || blocks.length < 2) return writeAll(file, merged(blocks), position);
  const { bytesWritten } = await file.writev(blocks, position);
  const octets = blocks.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten === octets) return;
  await writeAll(file, merged(blocks).subarray(bytesWritten), position + bytesWritten);
}

function merged(blocks: readonly Buffer[]): Buffer {
  const [first, ...more] = blocks;
  return first !== undefined && more.length === 0 ? first : Buffer.concat(blocks);
}

/** Creates a file that must not exist yet, private to the user. */
export function createExclusively(path: string): Promise<FileHandle> {
  return open(path, 'wx+', 0o600);
}
