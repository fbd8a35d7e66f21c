import { link, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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
 * The locks that this process holds, or is about to take, by absolute path. While one is here nobody else of this
 * process looks at it: what stands there with our process id and host is then an earlier process', as in a container.
 */
const reserved = new Set<string>();

interface Attempt {
  readonly lock: string;
  /** The private file that is linked to it. */
  readonly mine: string;
  /** What `reserved` calls it. */
  readonly key: string;
}

/**
 * Locks `path` the way that mail programs agree on: a file `path.lock`, made by linking a private file to that
 * name, so that it is safe on network file systems too; our process id and host are in it. A lock whose owner is
 * a dead process of this host, or which is old and does not tell, is removed. Returns how to unlock. Raises
 * `destination-locked` when the wait is over.
 */
export async function takeDotLock(path: string, options: DotLockOptions): Promise<() => Promise<void>> {
  const { runtime, patienceMs } = options;
  const lock = `${path}.lock`;
  const mine = `${lock}.${hostPart(runtime)}.${runtime.pid}.${runtime.randomHex(4)}`;
  const key = join(await realpath(dirname(path)), basename(lock));
  const start = runtime.monotonic();
  await writePrivate(mine, `${runtime.pid} ${runtime.hostName}\n`);
  try {
    for (;;) {
      const outcome = await attempt({ lock, mine, key }, options);
      if (outcome === 'taken') break;
      if (outcome === 'stale') continue;
      if (runtime.monotonic() - start > patienceMs) throw lockedByOthers(path, lock);
      await wait(RETRY_MS);
    }
  } finally {
    // One that stays is found by `removeMboxLeftovers`; the lock, once taken, must be given back by who asked for it.
    await remove(mine).catch(() => undefined);
  }
  return unlocking(lock, key);
}

/** The name of this host as it stands in names of files. */
export function hostPart({ hostName }: Pick<Runtime, 'hostName'>): string {
  return hostName.replaceAll('/', '_');
}

/** Tries once; a stale lock is removed, and is no longer there for the next attempt. */
async function attempt(
  { lock, mine, key }: Attempt,
  options: DotLockOptions,
): Promise<'taken' | 'stale' | 'held'> {
  if (reserved.has(key)) return 'held';
  reserved.add(key);
  let isTaken = false;
  try {
    isTaken = await linked(mine, lock);
    if (isTaken) return 'taken';
    if (!(await isStale(lock, options))) return 'held';
    await removeStale(lock, `${mine}.stale`, options);
    return 'stale';
  } finally {
    if (!isTaken) reserved.delete(key);
  }
}

/** Unlocks once: a second call must not take the lock from whoever has it by then. */
function unlocking(lock: string, key: string): () => Promise<void> {
  let isHeld = true;
  return async () => {
    if (!isHeld) return;
    isHeld = false;
    try {
      await remove(lock);
    } finally {
      reserved.delete(key);
    }
  };
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

/**
 * Whether nobody holds this lock any more. Only asked for one that is reserved. A process id without a host may be of
 * another host, where it may live: that it does not live here proves nothing, and only the age counts.
 */
async function isStale(lock: string, { runtime, staleMs }: DotLockOptions): Promise<boolean> {
  try {
    const [text, { mtimeMs }] = [await readFile(lock, 'latin1'), await stat(lock)];
    // Dovecot writes a colon between the two.
    const [, digits = '0', host] = /^\s*(\d{1,10})(?:[\s:]+(\S+))?/.exec(text) ?? [];
    const pid = Number(digits);
    if (host === runtime.hostName && pid > 0) return pid === runtime.pid || !runtime.isAlive(pid);
    if (host === undefined && pid > 0 && pid !== runtime.pid && runtime.isAlive(pid)) return false;
    return runtime.now() - mtimeMs > staleMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function lockedByOthers(path: string, lock: string): MailError {
  return new MailError('destination-locked', `${path} is locked by another program (${lock} exists).`, {
    hint: `The next poll tries again. If no program is using the file, remove ${lock}.`,
  });
}
