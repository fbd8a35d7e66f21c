import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apopDigest, apopTimestamp, newApopTimestamp } from '../../src/pop3/apop.ts';
import { Secret } from '../../src/secret.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

describe('APOP', () => {
  // RFC 1939 §7 [apop-digest]
  it('has the digest of RFC 1939 §7', () => {
    expect(apopDigest('<1896.697170952@dbc.mtview.ca.us>', new Secret('tanstaaf'))).toBe(
      'c4c9334bac560ecc979e58001b3e22fb',
    );
  });

  it.each([
    ['POP3 server ready <1896.697170952@dbc.mtview.ca.us>', '<1896.697170952@dbc.mtview.ca.us>'],
    ['Dovecot ready. <1891.8b.6b03fe83.uWIV+/YzQ==@vm>', '<1891.8b.6b03fe83.uWIV+/YzQ==@vm>'],
    ['<1.2@[127.0.0.1]> ready', '<1.2@[127.0.0.1]>'],
  ])('finds the timestamp in %j', (greeting, timestamp) => {
    expect(apopTimestamp(greeting)).toBe(timestamp);
  });

  it.each([
    '',
    'POP3 server ready',
    '<nothing>',
    '<@host>',
    '<1.2@>',
    '<1.2@host',
    '<1@2@host>',
    '<1 2@host>',
    '<1.2@ho\u0080st>',
    '<1.\u0000@host>',
    '<1.2@host\t>',
    '<<1.2@host>',
    `<${'1'.repeat(256)}@host>`,
  ])('has no use for %j', (greeting) => {
    expect(apopTimestamp(greeting)).toBeUndefined();
  });

  it('takes only printable ASCII with one @, whatever a server sends', () => {
    const noises = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.constantFrom('1', '.', 'a', '@', '\u0080'), maxLength: 8 }),
    );
    fc.assert(
      fc.property(noises, (noise) => {
        const found = apopTimestamp(`ready <${noise}@host>`);
        expect(found === undefined || /^<[!-?A-~]+@[!-?A-~]+>$/.test(found)).toBe(true);
      }),
    );
  });

  // RFC 1939 §7 [apop-timestamp]
  it('makes timestamps that its own check takes and that never come twice', () => {
    const runtime = new FakeRuntime();
    runtime.hostName = 'odd host_name';
    const made = [newApopTimestamp(runtime), newApopTimestamp(runtime)];
    for (const timestamp of made) {
      expect(timestamp).toMatch(/^<\d+\.\d+@[A-Za-z0-9.-]+>$/);
      expect(apopTimestamp(`ready ${timestamp}`)).toBe(timestamp);
    }
    expect(new Set(made).size).toBe(2);
  });
});
