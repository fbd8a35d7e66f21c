import { expect, test } from 'vitest';
import { printable, printableLine } from '../../src/wire/text.ts';
import { sanitized } from '../../src/wire/transcript.ts';

test.each([
  ['plain text', 'plain text'],
  ['\u001b[2J', '\\x1b[2J'],
  ['a\r\nb', 'a\\x0d\\x0ab'],
  ['\0\x7f\x80\x9b', '\\x00\\x7f\\x80\\x9b'],
  ['\u202eevil\u2066', '\\u202eevil\\u2066'],
  ['\u2028', '\\u2028'],
  ['Grüße 山', 'Grüße 山'],
])('printable makes %j harmless', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test('printable cuts long text', () => {
  expect(printable('x'.repeat(300), 10)).toBe(`${'x'.repeat(10)}…`);
  expect(printable('x'.repeat(10), 10)).toBe('x'.repeat(10));
});

test.each([
  ['Grüße 山', Buffer.from('Grüße 山').toString('latin1')],
  ['Grüße', 'Grüße'],
  ['\\u2028\\u202e', Buffer.from('\u2028\u202e').toString('latin1')],
  ['\\x1b\\x9b', '\x1b\x9b'],
])('a line is shown as the text that it is: %s', (expected, line) => {
  expect(printableLine(line)).toBe(expected);
});

test('a sanitized transcript shows no control character of the other side', () => {
  const seen: string[] = [];
  sanitized((side, line) => seen.push(`${side} ${line}`))('received', '+OK \u001b]0;title\u0007');
  expect(seen).toEqual(['received +OK \\x1b]0;title\\x07']);
});
