import { describe, expect, test } from 'vitest';
import { type Identity, tagFor } from '../../src/poll/identity.ts';
import type { UniqueId } from '../../src/pop3/types.ts';

const IDENTITY: Identity = { account: 'work', uid: 'u1' as UniqueId, occurrence: 0 };

describe('tagFor', () => {
  test('is short, and always the same', () => {
    expect(tagFor(IDENTITY)).toMatch(/^[0-9a-f]{20}$/);
    expect(tagFor({ ...IDENTITY })).toBe(tagFor(IDENTITY));
  });

  test('differs for every different identity', () => {
    const identities: Identity[] = [
      IDENTITY,
      { ...IDENTITY, account: 'home' },
      { ...IDENTITY, uid: 'u2' as UniqueId },
      { ...IDENTITY, uid: undefined },
      { ...IDENTITY, uid: '\xff' as UniqueId },
      { ...IDENTITY, occurrence: 1 },
      { ...IDENTITY, sha256: 'ab' },
      { ...IDENTITY, sha256: 'ab', occurrence: 1 },
      { ...IDENTITY, uid: 'u10' as UniqueId },
      { ...IDENTITY, account: 'worku', uid: '1' as UniqueId },
      { ...IDENTITY, account: 'work', uid: undefined, sha256: 'u1' },
      { ...IDENTITY, account: 'wörk' },
      { ...IDENTITY, account: 'w日rk' },
      { ...IDENTITY, account: 'w本rk' },
    ];
    expect(new Set(identities.map(tagFor)).size).toBe(identities.length);
  });

  test('of accounts whose names differ only outside latin1 differs', () => {
    // U+65E5 and U+00E5 have the same last octet.
    expect(tagFor({ ...IDENTITY, account: '\u65e5' })).not.toBe(tagFor({ ...IDENTITY, account: '\u00e5' }));
  });
});
