import { type Arbitrary, array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Stuffer, Unstuffer } from '../../src/wire/byte-stuffing.ts';
import { everySplit, inBlocks } from '../support/every-split.ts';
import { propertyRuns } from '../support/property-runs.ts';

function unstuffed(blocks: readonly Buffer[]): { content: string; ended: boolean; rest: string } {
  const unstuffer = new Unstuffer();
  const content: Buffer[] = [];
  const left: Buffer[] = [];
  for (const block of blocks) {
    if (unstuffer.ended) left.push(block);
    else content.push(unstuffer.push(Buffer.from(block)));
  }
  return {
    content: Buffer.concat(content).toString('latin1'),
    ended: unstuffer.ended,
    rest: Buffer.concat([unstuffer.rest, ...left]).toString('latin1'),
  };
}

function stuffed(blocks: readonly Buffer[]): string {
  const stuffer = new Stuffer();
  const out = blocks.flatMap((block) => stuffer.push(block));
  return Buffer.concat([...out, stuffer.end()]).toString('latin1');
}

/** What is on the wire, what it means, and what is left for the next reply. */
const RESPONSES: readonly (readonly [string, string, string, string])[] = [
  ['an empty response', '.\r\n', '', ''],
  ['an empty line', '\r\n.\r\n', '\r\n', ''],
  ['one line', 'a\r\n.\r\n', 'a\r\n', ''],
  ['a stuffed dot', '..\r\n.\r\n', '.\r\n', ''],
  ['two stuffed dots', '...\r\n.\r\n', '..\r\n', ''],
  ['a stuffed dot with text', '..a\r\n.\r\n', '.a\r\n', ''],
  ['a dot that should have been stuffed', '.a\r\n.\r\n', 'a\r\n', ''],
  ['dots on each line', '..\r\n..\r\n..\r\n.\r\n', '.\r\n.\r\n.\r\n', ''],
  ['many dots inside a line', `x${'.'.repeat(20)}\r\n..\r\n.\r\n`, `x${'.'.repeat(20)}\r\n.\r\n`, ''],
  ['many lines with a dot', `${'a.b\r\n'.repeat(18)}..c\r\n.\r\n`, `${'a.b\r\n'.repeat(18)}.c\r\n`, ''],
  [
    'many lines with a dot, and one without',
    `${'a.b\r\n'.repeat(18)}c\r\n.\r\n`,
    `${'a.b\r\n'.repeat(18)}c\r\n`,
    '',
  ],
  ['a dot inside a line', 'a.\r\n.\r\n', 'a.\r\n', ''],
  ['a lone dot after a bare LF', 'a\n.\r\n.\r\n', 'a\n.\r\n', ''],
  ['a lone dot between bare LFs', 'a\n.\nb\r\n.\r\n', 'a\n.\nb\r\n', ''],
  ['a lone dot after a bare CR', 'a\r.\r\n.\r\n', 'a\r.\r\n', ''],
  ['a dot line that ends with a bare LF', '.\n.\r\n.\r\n', '\n.\r\n', ''],
  ['a dot line that ends with a bare CR', '.\rx\r\n.\r\n', '\rx\r\n', ''],
  ['CR CR LF', 'a\r\r\n.\r\n', 'a\r\r\n', ''],
  ['CR before the final line end', '\r\r\r\n.\r\n', '\r\r\r\n', ''],
  ['NULs', '\0\r\n..\0\r\n.\r\n', '\0\r\n.\0\r\n', ''],
  ['8-bit octets', '\xff\r\n..\xfe\r\n.\r\n', '\xff\r\n.\xfe\r\n', ''],
  ['the next status line behind it', 'a\r\n.\r\n+OK\r\n', 'a\r\n', '+OK\r\n'],
  ['a whole next response behind it', '.\r\n+OK\r\n..x\r\n.\r\n', '', '+OK\r\n..x\r\n.\r\n'],
  ['the end twice', 'a\r\n.\r\n.\r\n', 'a\r\n', '.\r\n'],
  ['half a line end behind it', 'a\r\n.\r\n\r', 'a\r\n', '\r'],
];

describe('Unstuffer', () => {
  // RFC 1939 §3 [unstuffing]
  test.each(RESPONSES)('reads %s, wherever the blocks are cut', (_, wire, content, rest) => {
    expect.hasAssertions();
    everySplit(Buffer.from(wire, 'latin1'), (blocks, how) => {
      expect(unstuffed(blocks), how).toEqual({ content, ended: true, rest });
    });
  });

  test.each([
    ['nothing', ''],
    ['a line', 'a\r\n'],
    ['a dot alone', '.'],
    ['a dot and CR', '.\r'],
    ['CRLF dot CR', 'x\r\n.\r'],
    ['a terminator after a bare LF', 'x\n.\r\n'],
    ['a terminator after a bare CR', 'x\r.\r\n'],
    ['a terminator that ends with LF only', 'x\r\n.\n'],
  ])('has not ended after %s', (_, wire) => {
    expect.hasAssertions();
    everySplit(Buffer.from(wire), (blocks, how) => {
      expect(unstuffed(blocks).ended, how).toBe(false);
    });
  });

  test('goes on after empty blocks as if they had not come', () => {
    const blocks = ['', 'a\r', '', '\n', '', '.', '', '\r', '', '\n', ''].map((text) => Buffer.from(text));
    expect(unstuffed(blocks)).toEqual({ content: 'a\r\n', ended: true, rest: '' });
  });

  test('gives views of a large block instead of copying it', () => {
    const block = Buffer.from(`${'x'.repeat(100_000)}\r\n.\r\n`);
    expect(new Unstuffer().push(block).buffer).toBe(block.buffer);
  });
});

describe('Stuffer', () => {
  test.each([
    ['an empty message', '', '.\r\n'],
    ['one line', 'a\r\n', 'a\r\n.\r\n'],
    ['a line without end', 'a', 'a\r\n.\r\n'],
    ['a lone dot without end', '.', '..\r\n.\r\n'],
    ['a lone dot', '.\r\n', '..\r\n.\r\n'],
    ['two dots', '..\r\n', '...\r\n.\r\n'],
    ['dots on each line', '.\r\n.\r\n', '..\r\n..\r\n.\r\n'],
    ['a dot after a bare LF', 'a\n.\r\n', 'a\n.\r\n.\r\n'],
    ['a dot after a bare CR', 'a\r.\r\n', 'a\r.\r\n.\r\n'],
    ['a bare CR at the end', 'a\r', 'a\r\r\n.\r\n'],
    ['a bare LF at the end', 'a\n', 'a\n\r\n.\r\n'],
    ['only a bare LF', '\n', '\n\r\n.\r\n'],
    ['CR CR LF dot', '\r\r\n.', '\r\r\n..\r\n.\r\n'],
    ['NUL', '\0', '\0\r\n.\r\n'],
  ])('writes %s, wherever the blocks are cut', (_, content, wire) => {
    expect.hasAssertions();
    everySplit(Buffer.from(content), (blocks, how) => {
      expect(stuffed(blocks), how).toBe(wire);
    });
  });
});

/** Octets of which most matter to the framing. */
const awkward: Arbitrary<Buffer> = array(constantFrom(0x0d, 0x0a, 0x2e, 0x2e, 0x61, 0x00), {
  maxLength: 60,
}).map((octets) => Buffer.from(octets));
const cuts: Arbitrary<number[]> = array(integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 8 });

describe('byte-stuffing', () => {
  test('undone gives the message, completed by CRLF where it had none, and keeps what follows', () => {
    assert(
      property(awkward, cuts, cuts, awkward, (message, before, after, next) => {
        const wire = Buffer.from(stuffed(inBlocks(message, before)), 'latin1');
        const { content, ended, rest } = unstuffed(inBlocks(Buffer.concat([wire, next]), after));
        const text = message.toString('latin1');
        expect(ended).toBe(true);
        expect(content).toBe(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
        expect(rest).toBe(next.toString('latin1'));
      }),
      propertyRuns(2000),
    );
    expect.hasAssertions();
  });

  test('does not depend on where the blocks are cut', () => {
    assert(
      property(awkward, cuts, (octets, lengths) => {
        expect(stuffed(inBlocks(octets, lengths))).toBe(stuffed([octets]));
        expect(unstuffed(inBlocks(octets, lengths))).toEqual(unstuffed([octets]));
      }),
      propertyRuns(2000),
    );
    expect.hasAssertions();
  });
});
