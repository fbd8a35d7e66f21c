import { describe, expect, test } from 'vitest';
import { summarize } from '../../src/message/summary.ts';

describe('summarize', () => {
  test('decodes what people recognise a message by', async () => {
    const header = [
      'From: =?UTF-8?Q?J=C3=BCrgen?= <j@example.org>',
      'Subject: =?UTF-8?B?R3LDvMOfZQ==?=',
      'Date: Fri, 02 Jan 2026 03:04:05 +0000',
    ];
    const summary = await summarize(Buffer.from(`${header.join('\r\n')}\r\n\r\n`));
    expect(summary.from).toContain('Jürgen');
    expect(summary.subject).toBe('Grüße');
    expect(summary.date).toEqual(new Date('2026-01-02T03:04:05Z'));
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['only a body', Buffer.from('\r\nbody\r\n')],
    ['no header at all', Buffer.from('just text without a colon')],
    ['octets that are not text', Buffer.from(Array.from({ length: 256 }, (_, octet) => octet))],
    ['broken encoded words', Buffer.from('Subject: =?utf-8?B?\xff\xff?=\r\nFrom: <<<>>>\r\n\r\n', 'latin1')],
    ['a multipart without its boundary', Buffer.from('Content-Type: multipart/mixed\r\n\r\n--x\r\n')],
    ['a date that is none', Buffer.from('Date: yesterday\r\n\r\n')],
  ])('never raises: %s', async (_, start) => {
    const { from, subject, date } = await summarize(start);
    expect([typeof from, typeof subject]).toEqual(['string', 'string']);
    expect(date).toBeUndefined();
  });
});
