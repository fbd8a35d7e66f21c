import { closeSync, openSync, renameSync, writeSync, writevSync } from 'node:fs';
import type { SyncedDirectory } from './fsync-directory.ts';

/** A file that is in memory as a whole, on its way to its final name. */
export interface SmallFile {
  /** May be lent for the call: they are written when it returns its promise. */
  readonly pieces: readonly Uint8Array[];
  readonly from: string;
  readonly to: string;
  /** The folder of `to`, on the same file system as that of `from`. */
  readonly directory: SyncedDirectory;
}

/**
 * As `publish`, for a small file that does not exist yet (I2). Only the fsyncs run in other threads: the other calls end in
 * the memory of a local file system (`FolderCalls`), and take less time than waking a thread for each. Where it raises, a
 * file may have been left under either name.
 */
export async function publishSmall({ pieces, from, to, directory }: SmallFile): Promise<void> {
  const file = openSync(from, 'wx+', 0o600);
  try {
    writeAllSync(file, pieces);
    await directory.syncFile(file);
    renameSync(from, to);
  } finally {
    closeSync(file);
  }
  await directory.sync();
}

/** The system may take it in several steps. */
function writeAllSync(file: number, pieces: readonly Uint8Array[]): void {
  let left = pieces.filter(({ length }) => length > 0);
  let done = 0;
  while (left.length > 0) {
    const [first] = left;
    const written =
      first !== undefined && left.length === 1
        ? writeSync(file, first, 0, first.length, done)
        : writevSync(file, left, done);
    done += written;
    left = behind(left, written);
  }
}

function behind(pieces: readonly Uint8Array[], octets: number): Uint8Array[] {
  let skipped = octets;
  return pieces.flatMap((piece) => {
    const rest = piece.subarray(skipped);
    skipped = Math.max(0, skipped - piece.length);
    return rest.length > 0 ? [rest] : [];
  });
}
