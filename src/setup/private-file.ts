import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createExclusively } from '../durable/file-writer.ts';
import { fsyncDirectory, makeDirectory } from '../durable/fsync-directory.ts';
import { systemCode } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

/** Writes a file that only its owner can read, whole or not at all, and so that it survives loss of power. */
export async function writePrivateFile(
  path: string,
  content: string | Buffer,
  runtime: Pick<Runtime, 'randomHex'>,
): Promise<void> {
  const folder = dirname(path);
  await makeDirectory(folder);
  const temporary = join(folder, `.${basename(path)}.${runtime.randomHex(6)}`);
  const file = await createExclusively(temporary);
  try {
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

/** Resolves to undefined when `act` finds that a file or its folder is not there. */
export async function ifThere<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
