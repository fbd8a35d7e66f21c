import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { octetsText, parseSize } from '../../src/config/size.ts';

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['123', 123],
    ['123B', 123],
    ['10KB', 10_000],
    ['10kb', 10_000],
    ['10KiB', 10_240],
    ['50MB', 50_000_000],
    ['50 MiB', 52_428_800],
    ['1GB', 1_000_000_000],
    ['1GiB', 1_073_741_824],
    ['2TB', 2_000_000_000_000],
    ['2tib', 2_199_023_255_552],
  ])('reads %s', (text, octets) => {
    expect(parseSize(text)).toBe(octets);
  });

  it.each([
    '',
    'MB',
    '50M',
    '50Mbit',
    '1.5GB',
    '-1',
    '1,000',
    '50  MB',
    ' 50MB',
    '50MB ',
    '0x10',
    '1e6',
    '50MB\n',
    '٣MB',
  ])('refuses %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  it('refuses what a number cannot hold exactly', () => {
    expect(parseSize(String(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseSize('9007199254740992')).toBeUndefined();
    expect(parseSize('9008TB')).toBeUndefined();
    expect(parseSize('9'.repeat(400))).toBeUndefined();
  });

  it('gives a whole, exact number or undefined for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,20} ?[KMGTkmgt]?i?[Bb]?$/)), (text) => {
        const octets = parseSize(text);
        expect(octets === undefined || Number.isSafeInteger(octets)).toBe(true);
      }),
    );
  });

  it('reads any number of octets as itself, and grows with the unit', () => {
    fc.assert(
      fc.property(fc.nat(), (count) => {
        expect(parseSize(`${count}`)).toBe(count);
        expect(parseSize(`${count}KB`)).toBe(count * 1000);
        expect(parseSize(`${count}KiB`)).toBe(count * 1024);
      }),
    );
  });
});

it.each([
  [0, '0 B'],
  [1, '1 B'],
  [999, '999 B'],
  [1000, '1.0 KB'],
  [1234, '1.2 KB'],
  [99_449, '99.4 KB'],
  [99_500, '100 KB'],
  [999_499, '999 KB'],
  [999_500, '1.0 MB'],
  [12_345_678, '12.3 MB'],
  [1_500_000_000, '1.5 GB'],
  [2e15, '2000 TB'],
])('octetsText(%i) is %j', (octets, expected) => {
  expect(octetsText(octets)).toBe(expected);
});
