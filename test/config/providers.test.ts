import { describe, expect, test } from 'vitest';
import { PROVIDERS, providerMinimumMs, providerOfAddress } from '../../src/config/providers.ts';

const MINUTE = 60_000;

describe('the table of providers', () => {
  test('says of each row when and where it was read, and has no domain and no host twice', () => {
    for (const { asOf, source } of PROVIDERS) {
      expect(asOf).toMatch(/^20\d\d-[01]\d$/);
      expect(source).not.toBe('');
    }
    const names = PROVIDERS.flatMap(({ domains, host, alsoHosts }) => [
      ...domains.map((domain) => `@${domain}`),
      ...[host ?? [], alsoHosts ?? []].flat(),
    ]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each([
    ['pop.gmail.com', 15 * MINUTE],
    ['pop.googlemail.com', 15 * MINUTE],
    ['POP.GMX.NET.', 15 * MINUTE],
    ['pop3.web.de', 15 * MINUTE],
    ['SSL0.OVH.NET.', MINUTE],
    ['pro1.mail.ovh.net', MINUTE],
    ['secure.luxsci.com', MINUTE],
    ['notovh.net', 0],
    ['pop.example.org', 0],
  ])('the provider of %s wants %i ms between two logins', (host, minimum) => {
    expect(providerMinimumMs(host)).toBe(minimum);
  });

  test('finds the provider of an address, whatever its case', () => {
    expect(providerOfAddress('Me@GMX.de')).toMatchObject({ name: 'GMX' });
    expect(providerOfAddress('me@example.org')).toBeUndefined();
  });
});
