import { rename, rm } from 'node:fs/promises';
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
