import { fsync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { MailError, systemCode } from '../errors.ts';
import { type FolderCalls, inThreads } from './folder-calls.ts';
import { GroupedFsync } from './grouped-fsync.ts';

/**
 * A folder whose entries are made durable on request. Whoever asks while a sync is under way waits for the next
 * one, which serves all of them: its entries may have come too late for the one before.
 */
export class SyncedDirectory {
  readonly #path: string;
  readonly #file: number;
  /** Which folder was opened. */
  readonly #folder: FolderNumbers;
  readonly #calls: FolderCalls;
  readonly #files = new GroupedFsync();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isClosed = false;

  private constructor(path: string, opened: { file: number; folder: FolderNumbers }, calls: FolderCalls) {
    this.#path = path;
    this.#file = opened.file;
    this.#folder = opened.folder;
    this.#calls = calls;
  }

  static async open(path: string, calls: FolderCalls = inThreads): Promise<SyncedDirectory> {
    const file = await calls.open(path);
    try {
      return new SyncedDirectory(path, { file, folder: await calls.stat(path) }, calls);
    } catch (error) {
      await calls.close(file);
      throw error;
    }
  }

  /**
   * Resolves when every entry made before the call survives loss of power. Rejects where another folder is at its path by then:
   * entries may have been made in that one (I2).
   */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  /** Resolves when the data of an open file survives loss of power; its entry does after `sync`. */
  syncFile(file: number): Promise<void> {
    return this.#files.sync(file);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#calls.close(this.#file);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    // The number may be that of another file by now.
    const run = (this.#isClosed ? Promise.reject(alreadyClosed()) : this.#syncThis()).finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
    this.#running = run;
    return run;
  }

  async #syncThis(): Promise<void> {
    await fsyncFile(this.#file);
    const { dev, ino } = await this.#calls.stat(this.#path);
    if (dev !== this.#folder.dev || ino !== this.#folder.ino) throw replaced(this.#path);
  }
}

/** What tells a folder from another one. */
type FolderNumbers = Pick<Stats, 'dev' | 'ino'>;

function replaced(path: string): MailError {
  return new MailError('destination-unusable', `${path} was replaced while mail was delivered there.`, {
    hint: 'The next poll tries again.',
  });
}

function alreadyClosed(): Error {
  return Object.assign(new Error('EBADF: the folder is closed already, fsync'), { code: 'EBADF' });
}

/** By the number of an open file or folder; in a thread. */
export function fsyncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Makes the entries of one folder durable, once. */
export async function fsyncDirectory(path: string, calls: FolderCalls = inThreads): Promise<void> {
  const file = await calls.open(path);
  try {
    await fsyncFile(file);
  } finally {
    await calls.close(file);
  }
}

/** Creates a folder and its missing parents, private to the user, so that they survive loss of power. */
export async function makeDirectory(path: string): Promise<void> {
  await makeDirectories([path], inThreads);
}

/**
 * As `makeDirectory`, for several folders. Step by step, since the recursive mkdir of Node never ends where the system
 * says that a folder inside an existing one is not there (/proc, an automounter).
 */
export async function makeDirectories(paths: readonly string[], calls: FolderCalls): Promise<void> {
  const changed = new Set<string>();
  try {
    for (const path of paths) {
      const missing: string[] = [];
      for (let folder = path; !(await exists(folder, calls)); folder = dirname(folder))
        missing.unshift(folder);
      for (const folder of missing) {
        await calls.mkdir(folder).catch(ignoreExisting);
        changed.add(dirname(folder));
      }
    }
  } finally {
    // Once for all that was made in a folder; also before it is told that something could not be made.
    for (const folder of changed) await fsyncDirectory(folder, calls);
  }
}

async function exists(path: string, calls: FolderCalls): Promise<boolean> {
  try {
    if ((await calls.stat(path)).isDirectory()) return true;
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
