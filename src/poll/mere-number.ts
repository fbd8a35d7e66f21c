import type { UniqueId } from '../pop3/types.ts';
import type { ListedMessage, Listing } from './listing.ts';

/** How many digits the largest message number has. */
const MOST_DIGITS = 10;
const DIGIT_ZERO = 0x30;

/**
 * Whether the unique-id of a message is just its number, which passes to another message once one is deleted. Compared digit
 * by digit: the engine would keep the text of every number of a large listing.
 */
export function hasMereNumber({ number, uid }: ListedMessage): boolean {
  if (uid === undefined || uid.length > MOST_DIGITS || uid.startsWith('0')) return false;
  let rest: number = number;
  for (let index = uid.length - 1; index >= 0; index -= 1) {
    if (uid.charCodeAt(index) !== DIGIT_ZERO + (rest % 10)) return false;
    rest = Math.floor(rest / 10);
  }
  return rest === 0;
}

/** Whether this unique-id is listed, and for the same message as before; a mere number may be listed for another. */
export function tellsOne({ messages }: Listing, uid: UniqueId): boolean {
  const message = messages.named(uid);
  return message !== undefined && !hasMereNumber(message);
}
