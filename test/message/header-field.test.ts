import { describe, expect, test } from 'vitest';
import { headerField, headerFields, isHeaderOf, returnPath } from '../../src/message/header-field.ts';

describe('headerField', () => {
  test.each([
    ['a field', 'Message-ID: <a@b>\r\n\r\nbody', '<a@b>'],
    ['a field with LF only', 'Message-ID: <a@b>\n\nbody', '<a@b>'],
    ['a field in other case', 'MESSAGE-id: <a@b>\r\n\r\n', '<a@b>'],
    ['white space before the colon', 'Message-ID \t: <a@b>\r\n\r\n', '<a@b>'],
    ['no white space after the colon', 'Message-ID:<a@b>\r\n\r\n', '<a@b>'],
    ['a folded field', 'Message-ID:\r\n <a@b>\r\nX: y\r\n\r\n', '<a@b>'],
    ['a field folded twice', 'Message-ID: a\r\n b\r\n\tc\r\n\r\n', 'a b\tc'],
    ['the first of two', 'Message-ID: 1\r\nMessage-ID: 2\r\n\r\n', '1'],
    ['a header that never ends', 'X: y\r\nMessage-ID: <a@b>', '<a@b>'],
    ['an empty field', 'Message-ID:\r\nX: y\r\n\r\n', ''],
    ['8-bit octets, each as one character', 'Message-ID: \xe9\r\n\r\n', '\xe9'],
    ['no such field', 'X: y\r\n\r\n', undefined],
    ['a field of the body', 'X: y\r\n\r\nMessage-ID: <a@b>\r\n', undefined],
    ['a field of a body without header', '\r\nMessage-ID: <a@b>\r\n', undefined],
    ['a field of a body without header, LF only', '\nMessage-ID: <a@b>\n', undefined],
    ['a longer name', 'X-Message-ID: <a@b>\r\n\r\n', undefined],
    ['a name inside a field', 'X: Message-ID: <a@b>\r\n\r\n', undefined],
    ['a folded line that looks like the field', 'X: y\r\n Message-ID: <a@b>\r\n\r\n', undefined],
    ['nothing', '', undefined],
  ])('reads %s', (_, message, expected) => {
    expect(headerField(Buffer.from(message, 'latin1'), 'Message-ID')).toBe(expected);
  });

  test('does not look further than the header may go', () => {
    const message = Buffer.from(`X: ${'y'.repeat(70_000)}\r\nMessage-ID: <a@b>\r\n\r\n`);
    expect(headerField(message, 'Message-ID')).toBeUndefined();
  });

  test('answers a header that is nothing but fold lines at once', () => {
    const message = Buffer.from(`Message-ID:${'\r\n '.repeat(20_000)}`);
    expect(headerField(message, 'Message-ID')).toBe('');
  });
});

describe('returnPath', () => {
  test.each([
    ['an address', '<ada@analytical.example>', 'ada@analytical.example'],
    ['an address without brackets', 'ada@analytical.example', 'ada@analytical.example'],
    ['the null sender', '<>', undefined],
    ['nothing', '', undefined],
    ['an address with a space', '<a b@c>', undefined],
    ['two addresses', '<a@b> <c@d>', undefined],
    ['an option', '<-oQ/tmp@c>', undefined],
    ['8-bit octets', '<\xe9@c>', undefined],
    ['a control character', '<a\x07@c>', undefined],
    ['a NUL', '<a\0@c>', undefined],
    ['brackets inside', '<a<b>@c>', undefined],
    ['an address longer than any', `<${'a'.repeat(257)}>`, undefined],
  ])('takes %s for what it is', (_, field, expected) => {
    expect(returnPath(Buffer.from(`Return-Path: ${field}\r\n\r\n`, 'latin1'))).toBe(expected);
  });
});

describe('isHeaderOf', () => {
  const told = 'Message-ID: <a@b>\r\nDate: today\r\nSubject: s\r\n\r\n';
  test.each([
    ['itself', `Received: 1\r\n${told}`, `Received: 1\r\n${told}`, true],
    ['another Subject', told.replace('s\r', 'z\r'), told, false],
    ['other lines, where Message-ID and Date tell', `Received: 2\r\n${told}`, `Received: 1\r\n${told}`, true],
    [
      'other lines, without a Message-ID',
      'Received: 2\r\nDate: x\r\n\r\n',
      'Received: 1\r\nDate: x\r\n\r\n',
      false,
    ],
    [
      'other lines, without a Date',
      'Received: 2\r\nMessage-ID: x\r\n\r\n',
      'Received: 1\r\nMessage-ID: x\r\n\r\n',
      false,
    ],
    [
      'a line that its server has added',
      'X-Seen: 1\r\nSubject: s\r\n\r\n',
      'Subject: s\n\nSubject: z\n',
      true,
    ],
    [
      'the same without what a mail program has written into an mbox',
      'Subject: s\r\n\r\n',
      'Status: RO\nSubject: s\n\n',
      true,
    ],
  ])('%s', (_, header, stored, expected) => {
    expect(isHeaderOf(Buffer.from(header), Buffer.from(stored))).toBe(expected);
  });
});

describe('headerFields', () => {
  const long = `X: ${'y'.repeat(70_000)}\r\n`;
  test.each([
    ['all of that name, from the top', 'To: 1\r\nX: y\r\nTO : 2\r\n\r\nTo: 3\r\n', [' 1', ' 2']],
    ['folded ones', 'To: 1,\n\t2\n 3\nX: y\n\n', [' 1,\t2 3']],
    ['none that a CR seems to begin', 'X: y\rTo: 1\r\nTo: 2\r\n\r\n', [' 2']],
    ['none of the body, nor of a message within', '\r\nTo: 1\r\n\r\nTo: 2\r\n', []],
    ['the last one of a message without a body', 'X: y\r\nTo: 1', [' 1']],
    ['what stands above a header that is very long', `To: 1\r\n${long}To: 2\r\n\r\n`, [' 1']],
    ['none that may go on', `To: ${'y'.repeat(70_000)}\r\n\r\n`, []],
  ])('gives %s', (_, text, fields) => {
    expect(headerFields(Buffer.from(text, 'latin1'), 'to', true)).toEqual(fields);
  });

  test('gives no last one that may not have come whole', () => {
    expect(headerFields(Buffer.from('To: 1\r\nTo: 2\r\n'), 'To', false)).toEqual([' 1']);
    expect(headerFields(Buffer.from('To: 1\r\nTo: 2\r\n\r\n'), 'To', false)).toEqual([' 1', ' 2']);
  });
});
