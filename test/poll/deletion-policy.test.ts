import { expect, test } from 'vitest';
import { type DeletionPolicy, deletableUntil, keptFor } from '../../src/poll/deletion-policy.ts';

const NOW = 1_000_000_000;

test.each<[DeletionPolicy, number | undefined, number]>([
  [{ kind: 'never' }, undefined, Number.POSITIVE_INFINITY],
  [{ kind: 'after-delivery' }, Number.MAX_SAFE_INTEGER, 0],
  [{ kind: 'after', milliseconds: 1000 }, NOW - 1000, 1000],
  [{ kind: 'after', milliseconds: 0 }, NOW, 0],
])(
  'by %j what was delivered until %j is deletable, and a message is kept for %d ms',
  (deletion, until, kept) => {
    expect(deletableUntil(deletion, NOW)).toBe(until);
    expect(keptFor(deletion)).toBe(kept);
  },
);
