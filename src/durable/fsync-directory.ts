import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';

/**
 * A folder whose entries are made durable on request. Whoever asks while a sync is under way waits for the next
 * one, which serves all of them: its entries may have come too late for the one before.
 */
export class SyncedDirectory {
  readonly #handle: FileHandle;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<SyncedDirectory> {
    return new SyncedDirectory(await open(path, 'r'));
  }

  /** Resolves when every entry made before the call survives loss of power. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const run = this.#handle.sync().finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
    this.#running = run;
    return run;
  }
}

/** Makes the entries of one folder durable, once. */
export async function fsyncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder and its missing parents, private to the user, so that they survive loss of power. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    // Of a read-only disk Node says so only when it makes a single folder.
    if (systemCode(error) !== 'ENOENT') throw error;
    return mkdir(path, { mode: 0o700 }).then(() => path);
  });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await fsyncDirectory(dirname(made));
}
