import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
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

/**
 * Creates a folder and its missing parents, private to the user, so that they survive loss of power. Step by step,
 * since the recursive mkdir of Node never ends where the system says that a folder inside an existing one is not
 * there (/proc, an automounter).
 */
export async function makeDirectory(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; !(await exists(folder)); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    await mkdir(folder, { mode: 0o700 }).catch(ignoreExisting);
    await fsyncDirectory(dirname(folder));
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return dirname(path) === path;
  }
  throw Object.assign(new Error(`${path} is not a folder`), { code: 'ENOTDIR' });
}

/** Somebody else may create it at the same moment. */
function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}
