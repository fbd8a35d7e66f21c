import type { ChildProcess } from 'node:child_process';
import { systemCode } from '../errors.ts';

/** Ends a program that was started as the head of a process group of its own, and all that it has started. */
export function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (thrown) {
    // It has ended in this very moment.
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}
