import type { Runtime } from '../runtime.ts';

/** How far the clock of a file system, which ticks more slowly, may be behind that of the process. */
const FILE_CLOCK_MS = 1000;

/**
 * Whether a file that bears the id of a process was left by one that is dead. That may be an earlier process with our own id;
 * what we are writing at this moment for another account is newer. `modifiedAt` in milliseconds since 1970.
 */
export function isLeftByTheDead(
  pid: number,
  modifiedAt: number,
  runtime: Pick<Runtime, 'pid' | 'startedAt' | 'isAlive'>,
): boolean {
  if (pid === runtime.pid) return modifiedAt < runtime.startedAt - FILE_CLOCK_MS;
  return modifiedAt < runtime.startedAt && !runtime.isAlive(pid);
}
