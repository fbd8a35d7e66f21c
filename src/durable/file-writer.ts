import { type FileHandle, open } from 'node:fs/promises';

/** Writes all of `block` at `position`; the system may take it in several pieces. */
export async function writeAll(file: FileHandle, block: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < block.length) {
    const { bytesWritten } = await file.write(block, done, block.length - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Octets on their way into a file that does not exist yet. Up to `bufferOctets` they are held, so that a small
 * message costs one write; then the file is opened.
 */
export class FileWriter {
  readonly #open: () => Promise<FileHandle>;
  readonly #bufferOctets: number;
  #blocks: Buffer[] = [];
  #buffered = 0;
  #written = 0;
  #file: FileHandle | undefined;

  constructor(openFile: () => Promise<FileHandle>, bufferOctets: number) {
    this.#open = openFile;
    this.#bufferOctets = bufferOctets;
  }

  /** Octets taken so far. */
  get octets(): number {
    return this.#written + this.#buffered;
  }

  /** Takes the next block, which must not be changed afterwards. */
  async write(block: Buffer): Promise<void> {
    if (block.length === 0) return;
    this.#blocks.push(block);
    this.#buffered += block.length;
    if (this.#buffered > this.#bufferOctets) await this.flush();
  }

  /** Writes what is held, opening the file if that was not done yet, and gives the file. */
  async flush(): Promise<FileHandle> {
    this.#file ??= await this.#open();
    const [first, ...more] = this.#blocks;
    if (first !== undefined) {
      const block = more.length === 0 ? first : Buffer.concat(this.#blocks);
      await writeAll(this.#file, block, this.#written);
      // Only now: whoever tries again after a failure must find the octets still here.
      this.#blocks = [];
      this.#buffered = 0;
      this.#written += block.length;
    }
    return this.#file;
  }

  /** What is held, when nothing was written to a file yet; undefined otherwise. */
  held(): Buffer | undefined {
    if (this.#file !== undefined) return undefined;
    const [first, ...more] = this.#blocks;
    return first !== undefined && more.length === 0 ? first : Buffer.concat(this.#blocks);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** Creates a file that must not exist yet, private to the user. */
export function createExclusively(path: string): Promise<FileHandle> {
  return open(path, 'wx+', 0o600);
}
