const MINUTE_MS = 60_000;

/** The first pause after a failure, and the longest: mail must not wait for long once the server is back. */
const FIRST_PAUSE_MS = MINUTE_MS;
const LONGEST_PAUSE_MS = 30 * MINUTE_MS;

/** After a refused login the server is left alone for longer: many lock an account after a few wrong passwords. */
const FIRST_REFUSAL_PAUSE_MS = 5 * MINUTE_MS;

/** After this many refused logins in a row the account is left alone until something has changed. */
export const MAX_REFUSALS = 3;

/** No pause is longer, spread included. */
export const MAX_PAUSE_MS: number = 1.25 * LONGEST_PAUSE_MS;

export interface Trouble {
  /** How often in a row it has failed, this time included; from 1. */
  readonly failures: number;
  readonly refused: boolean;
}

/**
 * How long to leave an account alone after a failure, in milliseconds: twice as long each time, spread by a quarter in
 * both directions, so that many accounts of one server do not come back at one moment. `chance` is from 0 to 1.
 */
export function pauseAfter({ failures, refused }: Trouble, chance: number): number {
  const first = refused ? FIRST_REFUSAL_PAUSE_MS : FIRST_PAUSE_MS;
  const pause = Math.min(LONGEST_PAUSE_MS, first * 2 ** Math.min(failures - 1, 20));
  return Math.round(pause * (0.75 + chance / 2));
}
