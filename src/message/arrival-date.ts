import { headerField } from './header-field.ts';

/** A clock that is wrong by more says nothing. */
const AHEAD_MS = 24 * 3600 * 1000;

/** Before mail had such fields (RFC 822). */
const FIRST = Date.UTC(1982, 7, 13);

/**
 * When a message came to the server that it was fetched from, as the topmost Received field tells it; where there is none, when it
 * was written (Date). Undefined where neither is a time between 1982 and `now`, in milliseconds since 1970. `start` as for `headerField`.
 */
export function arrivalDate(start: Buffer, now: number): Date | undefined {
  const received = /;([^;]*)$/.exec(headerField(start, 'Received') ?? '')?.[1];
  return [received, headerField(start, 'Date')]
    .map((text) => new Date(text ?? Number.NaN))
    .find((date) => date.getTime() >= FIRST && date.getTime() <= now + AHEAD_MS);
}
