import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressesIn, comparableDomain, writtenAddress } from '../../src/message/address-list.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** Each entry as an SMTP command has it, or in a list of its own where it is no address. */
function read(body: string): (string | [string])[] {
  const octets = Buffer.from(body).toString('latin1');
  return addressesIn(octets).map((entry) => (typeof entry === 'string' ? [entry] : writtenAddress(entry)));
}

describe('the addresses of a field', () => {
  test.each([
    ['bob@Example.ORG', ['bob@example.org']],
    [' <bob@example.org.> ', ['bob@example.org']],
    ['a@x.org, <b@x.org>,, "C, D" <c@x.org> (a, comment),', ['a@x.org', 'b@x.org', 'c@x.org']],
    ['(one (in another)) bob@x.org (\\) bob)', ['bob@x.org']],
    ['<@relay.example,@other.example:bob@x.org>', ['bob@x.org']],
    ['Bob Bee<bob@x.org>', ['bob@x.org']],
    ['"bob"@x.org', ['bob@x.org']],
    ['"b o\\"b"@x.org, "a,b"@x.org, <"a(b"@x.org>', ['"b o\\"b"@x.org', '"a,b"@x.org', '"a(b"@x.org']],
    ['b..ob.@x.org', ['"b..ob."@x.org']],
    ['grün@müller.example', ['grün@xn--mller-kva.example']],
    ['bob@x.voilà', ['bob@x.xn--voil-3na']],
    ['', []],
    [' , ', []],
  ])('%j are %j', (body, addresses) => {
    expect(read(body)).toEqual(addresses);
  });

  test.each([
    'bob',
    'bob@',
    '@x.org',
    '<>',
    'bob@x.org bob@y.org',
    '<a@x.org> <b@x.org>',
    '<a@x.org> b',
    '<a@x.org',
    'a@x.org>',
    '"a@x.org',
    'a@x.org (b',
    'a@b@x.org',
    '"a>b"@x.org',
    '"a<b"@x.org',
    'a\r\nRCPT TO:b@x.org',
    'a\0@x.org',
    '"a\r\nb"@x.org',
    '"a\\\nb"@x.org',
    'a\u0085b@x.org',
    'a\u202eb@x.org',
    '\u00a0b@x.org',
    'bob@x.org> SIZE=1',
    'bob@x y',
    `${'a'.repeat(65)}@x.org`,
    'undisclosed: ;',
    'bob@[192.0.2.1]',
  ])('%j is none that is certain', (body) => {
    expect(read(body)).toEqual([[expect.any(String)]]);
  });

  test('is none where its octets are not UTF-8', () => {
    expect(addressesIn('gr\u00fcn@x.org')).toEqual(['gr\u00fcn@x.org']);
  });

  test('never hold what would end an SMTP command, whatever the field holds', () => {
    const octet = fc.oneof(
      fc.constantFrom('<', '>', '"', '\\', '(', ')', ',', '@', '.', 'a', 'x.org', '\r', '\n', '\0', ' '),
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    );
    let found = 0;
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 40 }), (octets) => {
        for (const entry of addressesIn(octets.join(''))) {
          if (typeof entry === 'string') continue;
          const written = writtenAddress(entry);
          found += 1;
          // oxlint-disable-next-line no-control-regex -- they are what must not be there
          expect(written).toMatch(/^[^<>\u0000-\u001f\u007f-\u009f]+@[a-z0-9.-]+$/u);
          expect(written.trim()).toBe(written);
          expect(read(written)).toEqual([written]);
        }
      }),
      { ...propertyRuns(500), examples: [[['a', '@', 'x.org']]] },
    );
    expect(found).toBeGreaterThan(0);
  });

  test('come back as they were written, between all that may stand around them', () => {
    const local = fc
      .string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' })
      .filter((it) => !/[<>]/.test(it));
    const around = fc.constantFrom(
      (it: string) => it,
      (it: string) => `<${it}>`,
      (it: string) => `"x, <y>" <${it}> (z)`,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(local, around), { minLength: 1, maxLength: 5 }), (written) => {
        const addresses = written.map(([name]) => writtenAddress({ local: name, domain: 'x.org' }));
        const body = written.map(([, wrap], at) => wrap(addresses[at] ?? '')).join(', ');
        expect(read(body)).toEqual(addresses);
      }),
      propertyRuns(300),
    );
  });
});

test.each([
  ['Example.ORG.', 'example.org'],
  ['müller.example', 'xn--mller-kva.example'],
  ['a b', ''],
  ['', ''],
])('the domain %j is compared as %j', (written, compared) => {
  expect(comparableDomain(written)).toBe(compared);
});
