import {
  constants,
  copyFile,
  link,
  lstat,
  readFile,
  realpath,
  rename,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ignoreMissing, MailError, systemCode } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { linkTarget } from './link-target.ts';

export interface DotLockOptions {
  /** Give up after this many milliseconds. */
  readonly patienceMs: number;
  /** A lock without a living owner on this host is stale after this many milliseconds. */
  readonly staleMs: number;
  readonly runtime: Runtime;
}

const RETRY_MS = 100;

/** What link(2) says where there are no links. */
const WITHOUT_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * The locks that this process holds or is about to take, by absolute path. While one is here, nobody else in this process
 * looks at that path; so a lock that stands there with our process id and host is that of an earlier process, as in a
 * container.
 */
const reserved = new Set<string>();

interface Attempt {
  readonly lock: string;
  /** The private file that is linked to it. */
  readonly mine: string;
  /** What `reserved` calls it. */
  readonly key: string;
}

/** Who may not make a file in a folder; others who lock there can have rights that we lack. */
const NOT_ALLOWED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Locks an mbox for all who agree on dot-locks. Where its path is a symbolic link, some of them lock beside the link
 * (Dovecot, procmail) and some beside the file that it leads to (mutt), so both are locked, except in a folder where we may
 * not create files. Otherwise as `takeDotLock`.
 */
export async function takeDotLocks(path: string, options: DotLockOptions): Promise<() => Promise<void>> {
  const { runtime, patienceMs } = options;
  const start = runtime.monotonic();
  const unlock = await takeDotLock(path, options);
  let unlockTarget: (() => Promise<void>) | undefined;
  try {
    const target = await linkTarget(path);
    if (target === path) return unlock;
    const left = patienceMs - (runtime.monotonic() - start);
    unlockTarget = await takeDotLock(target, { ...options, patienceMs: left });
  } catch (error) {
    if (!NOT_ALLOWED.has(systemCode(error))) {
      await unlock().catch(() => undefined);
      throw error;
    }
  }
  return async () => {
    try {
      await unlockTarget?.();
    } finally {
      await unlock();
    }
  };
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
  // As Dovecot reads it, so that it need not wait for one who is dead; others read the number that it begins with.
  const text = `${runtime.pid}:${runtime.hostName}`;
  await writeFile(mine, text, { flag: 'wx', mode: 0o644 });
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
    await unlink(mine).catch(() => undefined);
  }
  return unlocking(lock, key, text);
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

/**
 * Unlocks once: a second call must not take the lock from whoever has it by then. Nor must the first, where the lock looked
 * stale to another program, as after a sleep of this process.
 */
function unlocking(lock: string, key: string, text: string): () => Promise<void> {
  let isHeld = true;
  return async () => {
    if (!isHeld) return;
    isHeld = false;
    try {
      if ((await textOf(lock).catch(ignoreMissing)) === text) await unlink(lock).catch(ignoreMissing);
    } finally {
      reserved.delete(key);
    }
  };
}

/** A copy that must not be there yet does as well on a file system that has no links: FAT, and some across a network. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: unknown) => {
      if (!WITHOUT_LINKS.has(systemCode(error))) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a stale lock that somebody else may be removing at this very moment, and replacing by a good one: it is moved
 * aside first, looked at again, and put back if it is not the stale one.
 */
async function removeStale(lock: string, aside: string, options: DotLockOptions): Promise<void> {
  try {
    await rename(lock, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if (!(await isStale(aside, options))) await linked(aside, lock);
  await unlink(aside).catch(ignoreMissing);
}

/**
 * Whether nobody holds this lock any more. Only asked for a path that is reserved. A process id without a host may be of
 * another host, where it may live: that it does not live here proves nothing, so only the age counts.
 */
async function isStale(lock: string, { runtime, staleMs }: DotLockOptions): Promise<boolean> {
  try {
    const found = await lstat(lock);
    // What is no file was made by nobody who agrees on these.
    if (!found.isFile()) return false;
    const text = await textOf(lock);
    // Dovecot writes a colon between the two.
    const [, digits = '0', host] = /^\s*(\d{1,10})(?:[\s:]+(\S+))?/.exec(text) ?? [];
    const pid = Number(digits);
    if (host === runtime.hostName && pid > 0) return pid === runtime.pid || !runtime.isAlive(pid);
    if (host === undefined && pid > 0 && pid !== runtime.pid && runtime.isAlive(pid)) return false;
    return runtime.now() - found.mtimeMs > staleMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Nothing where it may not be read: mutt's may be by nobody. */
async function textOf(lock: string): Promise<string> {
  try {
    return await readFile(lock, 'latin1');
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    return '';
  }
}

function lockedByOthers(path: string, lock: string): MailError {
  return new MailError('destination-locked', `${path} is locked by another program (${lock} exists).`, {
    hint: `The next poll tries again. If no program is using the file, remove ${lock}.`,
  });
}
