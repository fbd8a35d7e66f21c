import type { Runtime } from '../runtime.ts';

/** How far the clock of a file system, which ticks more slowly, may be behind that of the process. */
const FILE_CLOCK_MS = 1000;

/**
 * Whether a file that bears the id of a process was left by one that is dead. An earlier process may have had our own id;
 * what we are writing now, for another account, is newer than that. `modifiedAt` in milliseconds since 1970.
 */
export function isLeftByTheDead(
  pid: number,
  modifiedAt: number,
  runtime: Pick<Runtime, 'pid' | 'startedAt' | 'isAlive'>,
): boolean {
  if (pid === runtime.pid) return modifiedAt < runtime.startedAt - FILE_CLOCK_MS;
  return modifiedAt < runtime.startedAt && !runtime.isAlive(pid);
}
