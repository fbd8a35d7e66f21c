import { randomBytes } from 'node:crypto';
import { hostname, uptime } from 'node:os';
import { systemCode } from './errors.ts';

/**
 * The only reader of time, randomness, host name and process id. Everything else gets a `Runtime` as an
 * argument, so that a test decides what time it is.
 */
export interface Runtime {
  /** Wall-clock time in milliseconds since 1970; may jump. For names, records and schedules. */
  now(): number;
  /** Monotonic time in milliseconds; never jumps back. For durations and deadlines. */
  monotonic(): number;
  /** Milliseconds since this machine was started, also those in which it slept; never jumps. */
  sinceBoot(): number;
  /** `octets` random octets, in hexadecimal. */
  randomHex(octets: number): string;
  readonly hostName: string;
  readonly pid: number;
  /** When this process began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether a process of this host lives. */
  isAlive(pid: number): boolean;
}

/** Random octets are drawn in advance: to ask the system for each four of them costs more than all else in a name. */
const DRAWN_OCTETS = 4096;
let drawn = Buffer.alloc(0);

function randomHex(octets: number): string {
  if (drawn.length < octets) drawn = randomBytes(Math.max(octets, DRAWN_OCTETS));
  const taken = drawn.toString('hex', 0, octets);
  drawn = drawn.subarray(octets);
  return taken;
}

/** A random number from 0 up to 1, such as for a pause that is not the same for all. */
export function randomShare({ randomHex: random }: Pick<Runtime, 'randomHex'>): number {
  return Number.parseInt(random(4), 16) / 2 ** 32;
}

/** The real one. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sinceBoot: () => uptime() * 1000,
  randomHex,
  hostName: hostname(),
  pid: process.pid,
  startedAt: performance.timeOrigin,
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return systemCode(error) !== 'ESRCH';
    }
  },
};

/** The last moment that a date can tell (ECMA-262), in milliseconds since 1970. */
const LAST_MOMENT = 8.64e15;

/** A moment in milliseconds since 1970 for programs: ISO 8601 in UTC; null where it is not known, or is none. */
export function isoTime(moment: number | null | undefined): string | null {
  const isKnown = typeof moment === 'number' && Math.abs(moment) <= LAST_MOMENT;
  return isKnown ? new Date(moment).toISOString() : null;
}
