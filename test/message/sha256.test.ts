import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256, sha256 } from '../../src/message/sha256.ts';

const OCTETS = Buffer.alloc(200_000, 'some octets, of which the hash is known ');

test.each([
  [0, 1],
  [1, 1],
  [1000, 1000],
  [1000, 7],
  [64 * 1024, 64 * 1024],
  [64 * 1024 + 1, 64 * 1024 + 1],
  [64 * 1024 + 1, 64 * 1024],
  [200_000, 4099],
])('%i octets in blocks of %i have the hash that they have as a whole', (octets, block) => {
  const all = OCTETS.subarray(0, octets);
  const hash = new Sha256();
  for (let at = 0; at < octets; at += block) hash.update(all.subarray(at, at + block));
  const expected = createHash('sha256').update(all).digest('hex');
  expect(hash.digest()).toBe(expected);
  expect(sha256(all)).toBe(expected);
});
