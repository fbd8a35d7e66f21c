/** The caps that only the server needs, with the reason for each; the shared ones are in `wire/limits.ts`. */

/** Failed logins after which the server hangs up: enough for typing errors, too few for guessing. */
export const MAX_LOGIN_FAILURES = 5;

/** Octets of a message read, stuffed and sent at a time; bounds what one session holds (I7). */
export const BLOCK_OCTETS: number = 64 * 1024;

/** The longest delay that a timer can have; the session has its own autologout timer (RFC 1939 §3). */
export const NO_IDLE_DEADLINE_MS: number = 2 ** 31 - 1;
