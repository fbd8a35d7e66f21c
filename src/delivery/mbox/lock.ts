import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { takeDotLocks } from '../../durable/dot-lock.ts';
import { takeKernelLock } from '../../durable/kernel-lock.ts';
import { ignoreMissing, MailError, systemCode } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';

/** How long other programs may hold the mbox before this poll gives up. */
const LOCK_PATIENCE_MS = 30_000;

/** A dot-lock that does not tell whose it is counts as stale after this long. */
const LOCK_STALE_MS = 15 * 60_000;

/** How long we wait for the kernel's lock while we have the dot-lock, and how long others may then have both. */
const KERNEL_PATIENCE_MS = 100;
const PAUSE_MS = 500;

/**
 * Runs `act` on the open mbox while no other mail program may write to it: with its dot-lock and the kernel's lock.
 * Creates the file where it is missing, which lasts only once mail was appended to it. When `act` fails, its error is the
 * one that is raised, whatever becomes of the locks. Raises `destination-locked` when others have the mbox for too long.
 */
export async function withLockedMbox<T>(
  path: string,
  runtime: Runtime,
  act: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const until = runtime.monotonic() + LOCK_PATIENCE_MS;
  for (;;) {
    const patienceMs = until - runtime.monotonic();
    const unlock = await takeDotLocks(path, { patienceMs, staleMs: LOCK_STALE_MS, runtime });
    const attempt = await finishing(unlock, async () => {
      const file = await openLocked(path, until, runtime);
      return (
        file && {
          result: await finishing(
            () => file.close(),
            () => act(file),
          ),
        }
      );
    });
    if (attempt !== undefined) return attempt.result;
    // Some take the two locks the other way round, and would wait for the first as long as we wait for the second.
    await wait(PAUSE_MS);
  }
}

/**
 * Raises `destination-unusable` when the open mbox is no longer the one at `path`: another program has put a new one
 * there, and what was written to ours may be in no file at all.
 */
export async function refuseReplaced(file: FileHandle, path: string): Promise<void> {
  if (await standsAt(file, path)) return;
  throw new MailError(
    'destination-unusable',
    `${path} was replaced by another program while it was locked.`,
    {
      hint: 'The next poll tries again. Let no program replace the file without locking it.',
    },
  );
}

/**
 * Undefined when others have the kernel's lock. A program that had it may have put a new file in the place of the one we
 * waited for.
 */
async function openLocked(path: string, until: number, runtime: Runtime): Promise<FileHandle | undefined> {
  for (;;) {
    const file = await openOrCreate(path);
    let isLocked = false;
    try {
      isLocked = (await takeKernelLock(file, KERNEL_PATIENCE_MS)) !== undefined;
      if (isLocked && (await standsAt(file, path))) return file;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    await file.close();
    if (runtime.monotonic() > until) {
      throw new MailError('destination-locked', `${path} is locked by another program.`, {
        hint: 'The next poll tries again.',
      });
    }
    if (!isLocked) return undefined;
  }
}

async function standsAt(file: FileHandle, path: string): Promise<boolean> {
  const ours = await file.stat({ bigint: true });
  const there = await stat(path, { bigint: true }).catch(ignoreMissing);
  return there?.dev === ours.dev && there.ino === ours.ino;
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }
}

/** Cleans up after `act` in any case; an error of `act` goes before one of the cleaning up. */
async function finishing<T>(cleanUp: () => Promise<void>, act: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await act();
  } catch (error) {
    await cleanUp().catch(() => undefined);
    throw error;
  }
  await cleanUp();
  return result;
}
