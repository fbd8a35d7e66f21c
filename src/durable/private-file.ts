import { type FileHandle, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Runtime } from '../runtime.ts';
import { createExclusively } from './file-writer.ts';
import { fsyncDirectory, makeDirectory } from './fsync-directory.ts';

/** Writes a file that only its owner can read, whole or not at all, and so that it survives loss of power. */
export async function writePrivateFile(
  path: string,
  content: string | Buffer,
  runtime: Pick<Runtime, 'randomHex'>,
): Promise<void> {
  await makeDirectory(dirname(path));
  await writeWhole(path, content, { runtime });
}

/**
 * Puts `after` in the place of a text file, whole or not at all, and so that it survives loss of power; who owns it and who may read
 * it stays as it is, and so does a link to it. False where it does not hold `before` any more; then nothing is written.
 */
export async function rewriteFile(
  path: string,
  { before, after }: { readonly before: string; readonly after: string },
  runtime: Pick<Runtime, 'randomHex'>,
): Promise<boolean> {
  const real = await realpath(path);
  const { uid, gid, mode } = await stat(real);
  if ((await readFile(real, 'utf8')) !== before) return false;
  const prepare = async (file: FileHandle): Promise<void> => {
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode);
  };
  await writeWhole(real, after, { runtime, prepare });
  return true;
}

interface WholeOptions {
  readonly runtime: Pick<Runtime, 'randomHex'>;
  /** Done to the file before it holds anything. */
  readonly prepare?: (file: FileHandle) => Promise<void>;
}

async function writeWhole(
  path: string,
  content: string | Buffer,
  { runtime, prepare }: WholeOptions,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${runtime.randomHex(6)}`);
  const file = await createExclusively(temporary);
  try {
    await prepare?.(file);
    await file.writeFile(content);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await fsyncDirectory(folder);
}
