import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodeInitialResponse, encodeInitialResponse } from '../../src/sasl/base64.ts';

describe('base64 on the line', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        expect(decodeInitialResponse(encodeInitialResponse(octets))).toEqual(Buffer.from(octets));
      }),
    );
  });

  it.each(['A', 'AA', 'AAA', 'AA=', 'AA==A', '=AAA', 'A=AA', 'AB==', 'AA-_', 'AA AA', 'AAAA\n', '====', '*'])(
    'is refused where it is not strict: %j',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
      expect(decodeInitialResponse(text)).toBeUndefined();
    },
  );

  it('has = for an empty initial response, and nothing for an empty response', () => {
    expect(encodeInitialResponse(Buffer.alloc(0))).toBe('=');
    expect(decodeInitialResponse('=')).toEqual(Buffer.alloc(0));
    expect(decodeInitialResponse('')).toBeUndefined();
    expect(decodeBase64('')).toEqual(Buffer.alloc(0));
    expect(decodeBase64('=')).toBeUndefined();
  });
});
