import type { Account } from '../../src/poll/account.ts';

export const DAY_MS = 86_400_000;

/** What becomes of carried mail on the server: it stays. */
export const NEVER: Pick<Account, 'deletion'> = { deletion: { kind: 'never' } };

/** It is deleted in the same poll. */
export const AFTER_DELIVERY: Pick<Account, 'deletion'> = { deletion: { kind: 'after-delivery' } };

/** It is deleted so many days after its delivery. */
export function keptFor(days: number): Pick<Account, 'deletion'> {
  return { deletion: { kind: 'after', milliseconds: days * DAY_MS } };
}
