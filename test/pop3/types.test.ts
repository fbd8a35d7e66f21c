import { describe, expect, test } from 'vitest';
import { parseMessageNumber, parseOctets } from '../../src/pop3/types.ts';
import { parseUniqueId } from '../../src/pop3/unique-id.ts';

describe('parseOctets', () => {
  test.each([
    ['0', 0],
    ['00012', 12],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', undefined],
    ['99999999999999999', undefined],
    ['', undefined],
    [' 1', undefined],
    ['1 ', undefined],
    ['+1', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['١', undefined],
    ['1\n', undefined],
  ])('reads %j as %j', (digits, expected) => {
    expect(parseOctets(digits)).toBe(expected);
  });
});

describe('parseMessageNumber', () => {
  test.each([
    ['1', 1],
    ['007', 7],
    ['2147483647', 2_147_483_647],
    ['2147483648', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['', undefined],
    ['one', undefined],
  ])('reads %j as %j', (digits, expected) => {
    expect(parseMessageNumber(digits)).toBe(expected);
  });
});

describe('parseUniqueId', () => {
  test.each([
    ['an ordinary one', 'whqtswO00WBw418f9t5JxYwZ', true],
    ['one octet', '!', true],
    ['what every object has', '__proto__', true],
    ['what looks like a path', '../../etc/passwd', true],
    ['spaces inside', 'a b', true],
    ['8-bit octets', '\xa0\xff', true],
    ['as many octets as allowed', 'x'.repeat(30), true],
    ['one octet more', 'x'.repeat(31), false],
    ['nothing', '', false],
    ['a NUL', 'a\0b', false],
    ['a tab', 'a\tb', false],
    ['a line end', 'a\nb', false],
    ['an escape', '\u001b[0m', false],
    ['DEL', 'a\x7f', false],
  ])('takes %s for what it is', (_, text, good) => {
    expect(parseUniqueId(text, 30)).toBe(good ? text : undefined);
  });
});
