import { type FileHandle, unlink } from 'node:fs/promises';
import { createExclusively } from './file-writer.ts';

/**
 * A new file, private to the user, whose name is gone as soon as it is open: whatever becomes of this process, nothing is left
 * of it. `path` must not exist yet.
 */
export async function openNameless(path: string): Promise<FileHandle> {
  const file = await createExclusively(path);
  try {
    await unlink(path);
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}
