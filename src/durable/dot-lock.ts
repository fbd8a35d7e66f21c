import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { MailError, systemCode } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

export interface DotLockOptions {
  /** Give up after this many milliseconds. */
  readonly patienceMs: number;
  /** A lock without a living owner on this host is stale after this many milliseconds. */
  readonly staleMs: number;
  readonly runtime: Runtime;
}

const RETRY_MS = 100;

/**
 * Locks `path` the way that mail programs agree on: a file `path.lock`, made by linking a private file to that
 * name, so that it is safe on network file systems too; our process id and host are in it. A lock whose owner is
 * a dead process of this host, or which is old and does not tell, is removed. Returns how to unlock. Raises
 * `destination-unusable` when the wait is over.
 */
export async function takeDotLock(path: string, options: DotLockOptions): Promise<() => Promise<void>> {
  const { runtime, patienceMs } = options;
  const lock = `${path}.lock`;
  const mine = `${lock}.${runtime.hostName.replaceAll('/', '_')}.${runtime.pid}.${runtime.randomHex(4)}`;
  const start = runtime.monotonic();
  await writePrivate(mine, `${runtime.pid} ${runtime.hostName}\n`);
  try {
    while (!(await linked(mine, lock))) {
      if (await isStale(lock, options)) await removeStale(lock, `${mine}.stale`, options);
      else if (runtime.monotonic() - start > patienceMs) throw lockedByOthers(path, lock);
      else await wait(RETRY_MS);
    }
  } finally {
    await remove(mine);
  }
  return () => remove(lock);
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * Removes a stale lock that somebody else may be removing, and replacing by a good one, at this very moment:
 * taken aside first, looked at again, and put back when it is not the stale one.
 */
async function removeStale(lock: string, aside: string, options: DotLockOptions): Promise<void> {
  try {
    await rename(lock, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if (!(await isStale(aside, options))) await linked(aside, lock);
  await remove(aside);
}

async function isStale(lock: string, { runtime, staleMs }: DotLockOptions): Promise<boolean> {
  try {
    const [text, { mtimeMs }] = [await readFile(lock, 'latin1'), await stat(lock)];
    const [, pid, host] = /^\s*(\d{1,10})(?:\s+(\S+))?/.exec(text) ?? [];
    const ownHost = host === runtime.hostName || (host === undefined && pid !== undefined);
    // In a container every process before us had our process id.
    if (ownHost && Number(pid) === runtime.pid) return mtimeMs < runtime.startedAt;
    if (ownHost && pid !== undefined && Number(pid) > 0) return !runtime.isAlive(Number(pid));
    return runtime.now() - mtimeMs > staleMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function lockedByOthers(path: string, lock: string): MailError {
  return new MailError('destination-unusable', `${path} is locked by another program (${lock} exists).`, {
    hint: `The next poll tries again. If no program is using the file, remove ${lock}.`,
  });
}
