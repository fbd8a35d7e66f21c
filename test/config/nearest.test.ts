import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const KEYS = [
  'host',
  'port',
  'tls',
  'caFile',
  'user',
  'password',
  'delete',
  'deliver',
  'schedule',
  'timeouts',
];

describe('nearest', () => {
  it.each([
    ['prot', 'port'],
    ['Port', 'port'],
    ['ca_file', 'caFile'],
    ['CA-file', 'caFile'],
    ['pasword', 'password'],
    ['passwrod', 'password'],
    ['delivery', 'deliver'],
    ['schedul', 'schedule'],
    ['timeout', 'timeouts'],
    ['tsl', 'tls'],
  ])('takes %s for %s', (word, key) => {
    expect(nearest(word, KEYS)).toBe(key);
  });

  it.each(['', 'x', 'server', 'mailbox', 'username', 'a'.repeat(1000)])('suggests nothing for %j', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });

  it('suggests nothing where nothing is known', () => {
    expect(nearest('port', [])).toBeUndefined();
  });
});
