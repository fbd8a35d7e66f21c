import type { Runtime } from '../runtime.ts';

/** By so much the clock of a file system, which ticks, may be behind that of the process. */
const FILE_CLOCK_MS = 1000;

/**
 * Whether a file that bears the number of a process was left by one that is dead: also by one that had our own number before
 * us, but not what we are making at this moment for another account. `modifiedAt` in milliseconds since 1970.
 */
export function isLeftByTheDead(
  pid: number,
  modifiedAt: number,
  runtime: Pick<Runtime, 'pid' | 'startedAt' | 'isAlive'>,
): boolean {
  if (pid === runtime.pid) return modifiedAt < runtime.startedAt - FILE_CLOCK_MS;
  return modifiedAt < runtime.startedAt && !runtime.isAlive(pid);
}
