/** RFC 5802 §5.1 and RFC 7677 §4: a server should ask for at least so many rounds. Fewer would be of use to a thief. */
export const MIN_ITERATIONS = 4096;

/** Rounds that a client works through before it takes the server for hostile: about a second (I7). */
export const MAX_ITERATIONS = 2_000_000;
