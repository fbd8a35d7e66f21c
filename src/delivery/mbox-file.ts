import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { takeDotLock } from '../durable/dot-lock.ts';
import { fsyncDirectory } from '../durable/fsync-directory.ts';
import { takeKernelLock } from '../durable/kernel-lock.ts';
import { MailError, systemCode } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

/** How long other programs may hold the mbox before this poll gives up. */
const LOCK_PATIENCE_MS = 30_000;

/** A dot-lock that does not tell whose it is counts as stale after this long. */
const LOCK_STALE_MS = 15 * 60_000;

/**
 * Runs `act` on the open mbox while no other mail program may write to it: dot-lock first, then the kernel's
 * lock, the order that mail programs agree on. Creates the file where it is missing.
 */
export async function withLockedMbox<T>(
  path: string,
  runtime: Runtime,
  act: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const unlock = await takeDotLock(path, { patienceMs: LOCK_PATIENCE_MS, staleMs: LOCK_STALE_MS, runtime });
  try {
    const file = await openOrCreate(path);
    try {
      if ((await takeKernelLock(file, LOCK_PATIENCE_MS)) === undefined) {
        throw new MailError('destination-unusable', `${path} is locked by another program.`, {
          hint: 'The next poll tries again.',
        });
      }
      return await act(file);
    } finally {
      await file.close();
    }
  } finally {
    await unlock();
  }
}

/** How many octets must stand before a From_ line appended at `size`, so that an empty line does. */
export async function missingSeparators(file: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const octets = Math.min(2, size);
  const { buffer } = await file.read(Buffer.alloc(octets), 0, octets, size - octets);
  const end = buffer.toString('latin1');
  if (end.endsWith('\n\n') || end === '\n') return 0;
  return end.endsWith('\n') ? 1 : 2;
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await fsyncDirectory(dirname(path));
    return file;
  }
}
