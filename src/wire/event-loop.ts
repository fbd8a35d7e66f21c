import { nextTick } from 'node:process';
import { setImmediate } from 'node:timers';

/**
 * The steps of the event loop, which are no matter of time. They are taken from Node when this is loaded, since a test
 * that puts a clock of its own in place of the timers must stop the time and not the octets.
 */

/** Calls `act` when what is running now has come to its end, before anything else is done. */
export const atEndOfStep: (act: () => void) => void = nextTick;

/** Calls `act` when all that has arrived by now has been taken in. */
export const atEndOfTurn: (act: () => void) => void = setImmediate;

/** Resolves then. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => atEndOfTurn(resolve));
}
