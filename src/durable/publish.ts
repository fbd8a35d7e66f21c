import type { FileHandle } from 'node:fs/promises';
import { rename } from 'node:fs/promises';
import type { SyncedDirectory } from './fsync-directory.ts';

/** A finished file on its way to its final name. */
export interface Publication {
  readonly file: FileHandle;
  readonly from: string;
  readonly to: string;
  /** The folder of `to`, on the same file system as that of `from`. */
  readonly directory: SyncedDirectory;
}

/**
 * Makes a finished file appear under its final name, whole or not at all (I2): its data fsynced, renamed into
 * place, the folder fsynced. Resolves when it survives loss of power.
 */
export async function publish({ file, from, to, directory }: Publication): Promise<void> {
  await file.sync();
  await rename(from, to);
  await directory.sync();
}
