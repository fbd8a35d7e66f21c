import { array, assert, constantFrom, integer, property, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CrlfToLf, lfToCrlf, withCrlfs } from '../../src/message/line-endings.ts';
import { everySplit, inBlocks } from '../support/every-split.ts';
import { propertyRuns } from '../support/property-runs.ts';

function converted(blocks: readonly Buffer[]): string {
  const endings = new CrlfToLf();
  const out = blocks.map((block) => Buffer.from(endings.convert(block)));
  return Buffer.concat([...out, endings.end()]).toString('latin1');
}

/** Two blocks at a time. */
function convertedTogether(blocks: readonly Buffer[]): string {
  const endings = new CrlfToLf();
  const pairs = blocks.flatMap((_, index) => (index % 2 === 0 ? [blocks.slice(index, index + 2)] : []));
  const out = pairs.map((pair) => Buffer.from(endings.convertAll(pair)));
  return Buffer.concat([...out, endings.end()]).toString('latin1');
}

describe('CrlfToLf', () => {
  test.each([
    ['nothing', '', ''],
    ['a line', 'a\r\n', 'a\n'],
    ['empty lines', '\r\n\r\n', '\n\n'],
    ['a bare LF', 'a\nb', 'a\nb'],
    ['a bare CR', 'a\rb', 'a\rb'],
    ['a bare CR at the beginning', '\ra', '\ra'],
    ['a bare CR at the end', 'a\r', 'a\r'],
    ['CR CR LF', 'a\r\r\nb', 'a\r\nb'],
    ['many CR before LF', '\r\r\r\r\n', '\r\r\r\n'],
    ['LF CR', 'a\n\rb', 'a\n\rb'],
    ['CR LF CR', '\r\n\r', '\n\r'],
    ['NUL and 8-bit octets', '\0\r\n\xff\r\n', '\0\n\xff\n'],
  ])('turns %s as it should, wherever the blocks are cut', (_, given, expected) => {
    expect.hasAssertions();
    everySplit(Buffer.from(given, 'latin1'), (blocks, how) => {
      expect(converted(blocks), how).toBe(expected);
    });
  });

  test('takes the CR off each CRLF and nothing else, in blocks of any length', () => {
    const octets = array(constantFrom(0x0d, 0x0d, 0x0a, 0x61), { maxLength: 40 }).map((list) =>
      Buffer.from(list),
    );
    const lengths = array(integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 });
    assert(
      property(octets, lengths, (given, cuts) => {
        const expected = given.toString('latin1').replaceAll('\r\n', '\n');
        expect(converted(inBlocks(given, cuts))).toBe(expected);
        expect(convertedTogether(inBlocks(given, cuts))).toBe(expected);
      }),
      propertyRuns(2000),
    );
    expect.hasAssertions();
  });

  test('knows whether each LF made CRLF gives back what it was given, in blocks of any length', () => {
    const octets = array(constantFrom(0x0d, 0x0a, 0x61, 0x61, 0x0d0a), { maxLength: 60 }).map((list) =>
      Buffer.from(list.flatMap((one) => (one === 0x0d0a ? [0x0d, 0x0a] : [one]))),
    );
    const lengths = array(integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 });
    assert(
      property(octets, lengths, (given, cuts) => {
        const endings = new CrlfToLf();
        const out = inBlocks(given, cuts).map((block) => Buffer.from(endings.convert(block)));
        const back = lfToCrlf(Buffer.concat([...out, endings.end()]));
        expect(endings.isReversible).toBe(back.equals(given));
      }),
      propertyRuns(3000),
    );
    expect.hasAssertions();
  });

  test('gives back a message that was written with LF only, once its CRLF are made LF', () => {
    assert(
      property(array(stringMatching(/^[a-z.>]{0,5}$/), { maxLength: 10 }), (lines) => {
        expect(converted([Buffer.from(lines.join('\r\n'))])).toBe(lines.join('\n'));
      }),
    );
    expect.hasAssertions();
  });

  test('leaves the blocks that it is given as they are', () => {
    const block = Buffer.from('a\r\nb\r\n');
    new CrlfToLf().convert(block);
    expect(block.toString()).toBe('a\r\nb\r\n');
  });
});

describe('withCrlfs', () => {
  test.each([
    ['', ''],
    ['\n', '\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\nb\r\n\nc', 'a\r\nb\r\n\r\nc'],
    ['\n\ra\r\r\n\0\xff\n', '\r\n\ra\r\r\n\0\xff\r\n'],
  ])('puts a CR before each LF that has none: %j', (given, expected) => {
    expect(withCrlfs(Buffer.from(given, 'latin1')).toString('latin1')).toBe(expected);
  });

  test('copies nothing where nothing is missing', () => {
    const message = Buffer.from('a\r\n');
    expect(withCrlfs(message)).toBe(message);
  });
});
