import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/schedule/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
    ['007s', 7000],
    ['5 m', 300_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    '5',
    'm',
    '5M',
    '1.5h',
    '-1s',
    '+1s',
    '5  m',
    ' 5m',
    '5m ',
    '1h30m',
    '5 min',
    '٣s',
    '1e3s',
    '5m\n',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('refuses what a number cannot hold exactly', () => {
    expect(parseDuration(`${Number.MAX_SAFE_INTEGER}ms`)).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseDuration(`${Number.MAX_SAFE_INTEGER + 1}ms`)).toBeUndefined();
    expect(parseDuration('9'.repeat(400) + 'd')).toBeUndefined();
  });

  it('gives a whole, exact number or undefined for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,20} ?[a-z]{0,2}$/)), (text) => {
        const milliseconds = parseDuration(text);
        expect(milliseconds === undefined || Number.isSafeInteger(milliseconds)).toBe(true);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1s'],
    [90_000, '90s'],
    [60_000, '1m'],
    [86_400_000, '1d'],
  ])('writes %d as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('writes every length so that parseDuration reads the same', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
