import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const BLOCK_OCTETS = 64 * 1024;

/**
 * Opens a file to read it. What is no regular file, such as a pipe that nobody writes to, raises `ENXIO` (a folder `EISDIR`) instead
 * of being waited for (I7).
 */
export async function openRegular(path: string): Promise<FileHandle> {
  // oxlint-disable-next-line no-bitwise -- open takes flags as bits
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    await assertRegular(file, path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Raises the same for an open file. */
export async function assertRegular(file: FileHandle, path: string): Promise<void> {
  const status = await file.stat();
  if (status.isFile()) return;
  const code = status.isDirectory() ? 'EISDIR' : 'ENXIO';
  throw Object.assign(new Error(`${code}: ${path} is no regular file`), { code, path });
}

/** What stands in a regular file, in blocks; raises what `openRegular` does. */
export async function* blocksOfFile(path: string): AsyncGenerator<Buffer, void, undefined> {
  await using file = await openRegular(path);
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK_OCTETS), 0, BLOCK_OCTETS, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
