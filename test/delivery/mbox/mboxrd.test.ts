import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromLine, MboxrdQuoting } from '../../../src/delivery/mbox/mboxrd.ts';
import { everySplit, inBlocks } from '../../support/every-split.ts';
import { propertyRuns } from '../../support/property-runs.ts';

function quoted(blocks: readonly Buffer[]): string {
  const quoting = new MboxrdQuoting();
  const out = blocks.flatMap((block) => quoting.push(block));
  return Buffer.concat([...out, quoting.end()]).toString('latin1');
}

function unquoted(text: string): string {
  return text.replaceAll(/^>(>*From )/gm, '$1');
}

describe('MboxrdQuoting', () => {
  test.each([
    ['nothing', '', ''],
    ['a From_ line', 'From a\n', '>From a\n'],
    ['a From_ line at the very end', 'a\nFrom ', 'a\n>From '],
    ['From without a space', 'From\n', 'From\n'],
    ['From at the very end', 'a\nFrom', 'a\nFrom'],
    ['From with a tab', 'From\ta\n', 'From\ta\n'],
    ['other case', 'FROM a\nfrom a\n', 'FROM a\nfrom a\n'],
    ['one quote', '>From a\n', '>>From a\n'],
    ['many quotes', '>>>>>>>>From a\n', '>>>>>>>>>From a\n'],
    ['many quotes that come to nothing', '>>>>>>>>Fro a\n', '>>>>>>>>Fro a\n'],
    ['only quotes', '>>>', '>>>'],
    ['quotes with a space', '> From a\n', '> From a\n'],
    ['a quote inside', 'a>From b\n', 'a>From b\n'],
    ['From inside a line', 'a From b\n', 'a From b\n'],
    ['From twice in a line', 'From From a\n', '>From From a\n'],
    ['From after quotes after From', 'From >From a\n', '>From >From a\n'],
    ['From after a bare CR', 'a\rFrom b\n', 'a\rFrom b\n'],
    ['From after CRLF', 'a\r\nFrom b\r\n', 'a\r\n>From b\r\n'],
    ['two in a row', 'From a\nFrom b\n', '>From a\n>From b\n'],
    ['after empty lines', '\n\nFrom a\n', '\n\n>From a\n'],
    ['beginnings of From', 'F\nFr\nFro\nFrom\nFrom \n', 'F\nFr\nFro\nFrom\n>From \n'],
    ['FFrom', 'FFrom a\nFrFrom b\n', 'FFrom a\nFrFrom b\n'],
    ['8-bit octets', '\xffFrom a\n>\xffFrom b\n', '\xffFrom a\n>\xffFrom b\n'],
  ])('writes %s so that it can be undone, wherever the blocks are cut', (_, given, expected) => {
    expect(unquoted(expected)).toBe(given);
    everySplit(Buffer.from(given, 'latin1'), (blocks, how) => {
      expect(quoted(blocks), how).toBe(expected);
    });
  });

  test('undone gives the message, and no line of it looks like a From_ line, in blocks of any length', () => {
    const text = array(constantFrom('From ', 'Fro', 'm', ' ', '>', '>', '\n', '\n', '\r', 'x'), {
      maxLength: 25,
    }).map((pieces) => pieces.join(''));
    const lengths = array(integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 6 });
    assert(
      property(text, lengths, (message, cuts) => {
        const stored = quoted(inBlocks(Buffer.from(message), cuts));
        expect(stored.split('\n').filter((line) => line.startsWith('From '))).toEqual([]);
        expect(
          stored
            .split('\n')
            .map((line) => line.replace(/^>(?=>*From )/, ''))
            .join('\n'),
        ).toBe(message);
      }),
      propertyRuns(3000),
    );
    expect.hasAssertions();
  });

  test('takes time in proportion to the octets, also of quotes and of beginnings', () => {
    const quotes = Buffer.from('>'.repeat(2_000_000));
    const began = performance.now();
    for (const octets of [quotes, Buffer.from('>From'.repeat(400_000)), Buffer.from('From '.repeat(400_000))])
      quoted(inBlocks(octets, [65_536]));
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('fromLine', () => {
  test.each([
    ['a@b', Date.UTC(2026, 0, 2, 3, 4, 5), 'From a@b Fri Jan  2 03:04:05 2026\n'],
    ['a@b', Date.UTC(2026, 10, 23, 15, 4, 5), 'From a@b Mon Nov 23 15:04:05 2026\n'],
    [undefined, 0, 'From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n'],
  ])('is what asctime writes, in UTC, with the day of the month in two columns (%s, %i)', (...row) => {
    const [sender, milliseconds, expected] = row;
    expect(fromLine(sender, milliseconds)).toBe(expected);
  });
});
