import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import loadAssembler from 'wabt';
import { MODULE, MOST_OCTETS } from '../../src/message/crlf-to-lf.ts';

const LINES = Buffer.from('a line\r\nCR\rCR CR\r\rLF\n\r\n\r\r\n'.repeat(20_000));
const EXPECTED = LINES.toString('latin1').replaceAll('\r\n', '\n');

/** A new one, that has not yet looked for WebAssembly. */
async function convert(blocks: readonly Buffer[]): Promise<string> {
  const { CrlfToLf } = await import('../../src/message/line-endings.ts');
  const endings = new CrlfToLf();
  const out = blocks.map((block) => endings.convert(block).toString('latin1'));
  return out.join('') + endings.end().toString('latin1');
}

beforeEach(() => {
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test('the module is what its text says', async () => {
  const assembler = await loadAssembler();
  const text = await readFile(new URL('../../src/message/crlf-to-lf.wat', import.meta.url), 'utf8');
  const { buffer } = assembler.parseWat('crlf-to-lf.wat', text, { simd: true }).toBinary({});
  expect(MODULE).toBe(Buffer.from(buffer).toString('base64'));
});

test.each([
  ['octet by octet', 1],
  ['in blocks shorter than what is looked at together', 15],
  ['in blocks of such a length', 16],
  ['in blocks of packets', 1448],
  ['in blocks as large as the memory', MOST_OCTETS],
  ['in blocks larger than the memory', MOST_OCTETS + 1],
  ['all at once', LINES.length],
])('converts %s', async (_, octets) => {
  const blocks: Buffer[] = [];
  for (let from = 0; from < LINES.length; from += octets) blocks.push(LINES.subarray(from, from + octets));
  expect((await convert(blocks)) === EXPECTED).toBe(true);
});

test.each([MOST_OCTETS - 2, MOST_OCTETS - 1, MOST_OCTETS, MOST_OCTETS + 1, MOST_OCTETS + 90_000])(
  'converts a block of %i octets, whatever it begins and ends with, between two others',
  async (octets) => {
    for (const first of 'A\r\n') {
      for (const last of 'A\r\n') {
        const block = Buffer.alloc(octets, 'line\r\n');
        block.write(first, 0);
        block.write(last, octets - 1);
        const blocks = [Buffer.from('a\r'), block, Buffer.from('\nb')];
        const expected = Buffer.concat(blocks).toString('latin1').replaceAll('\r\n', '\n');
        expect((await convert(blocks)) === expected, JSON.stringify([first, last])).toBe(true);
      }
    }
  },
);

test.each([
  ['', 1],
  [' (as text)', 0],
])('tells mail with a bare LF anywhere from mail without%s', async (_, isThere) => {
  if (isThere === 0) vi.stubGlobal('WebAssembly', undefined);
  const { CrlfToLf } = await import('../../src/message/line-endings.ts');
  const tellsReversible = (octets: Buffer): boolean => {
    const endings = new CrlfToLf();
    endings.convert(octets);
    return endings.isReversible;
  };
  const fine = 'a\r\n'.repeat(5) + 'b'.repeat(20) + '\r\r\r\n'.repeat(3) + 'c'.repeat(40);
  expect(tellsReversible(Buffer.from(fine))).toBe(true);
  for (let at = 0; at <= fine.length; at += 1) {
    if (fine[at - 1] === '\r') continue;
    expect(tellsReversible(Buffer.from(`${fine.slice(0, at)}\n${fine.slice(at)}`)), `at ${at}`).toBe(false);
  }
});

test('does the same where WebAssembly is not to be had', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  expect((await convert([LINES.subarray(0, 101), LINES.subarray(101)])) === EXPECTED).toBe(true);
});

test('does the same where there is too little address space for its memory', async () => {
  let tried = 0;
  function Instance(): never {
    tried += 1;
    throw new RangeError('WebAssembly.Instance(): Out of memory');
  }
  vi.stubGlobal('WebAssembly', { Module: Object, Instance });
  expect((await convert([LINES, LINES])) === EXPECTED + EXPECTED).toBe(true);
  expect(tried).toBe(1);
});
