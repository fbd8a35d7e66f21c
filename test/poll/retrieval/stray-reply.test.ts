import { expect, test } from 'vitest';
import { StrayReply } from '../../../src/poll/retrieval/stray-reply.ts';
import { everySplit } from '../../support/every-split.ts';

/** What a message of 10 octets turned out to be: whether it is given up at once, and whether it can be trusted whole. */
test.each([
  ['a message as listed', '12345678\r\n', false, false],
  ['a longer one', '12345678\r\n12345678\r\n12345678\r\n', false, false],
  ['one that runs on into a reply', '12345678\r\n+OK 20 octets\r\n', true, true],
  ['one that runs on into a refusal', '12345678\r\n-ERR no\r\n', true, true],
  ['one whose last line had no end', '1234567890.\r\n+OK 20 octets\r\n', true, true],
  ['one that has no line end before the reply', '1234567890+OK 20 octets\r\n', true, true],
  ['one with a reply far behind', `${'1234567\r\n'.repeat(5)}+OK then\r\n`, true, true],
  ['one with a reply before it should end', 'a\r\n+OK b\r\nand more\r\n', false, true],
  ['one that speaks of replies, as long as listed', '\r\n+OK b\r\n', false, true],
  ['one with a word like a reply', '12345678\r\n+OKAY, said she\r\n', false, false],
  ['one with a shorter word', '12345678\r\n-ER no\r\n', false, false],
])('StrayReply sees through %s, wherever the blocks are cut', (_, text, atOnce, atEnd) => {
  expect.hasAssertions();
  everySplit(Buffer.from(text), (blocks, how) => {
    const stray = new StrayReply(10);
    expect(blocks.map((block) => stray.push(block)).includes(true), how).toBe(atOnce);
    expect(stray.mayBeIn(text.length), how).toBe(atEnd);
  });
});

test('StrayReply trusts a message that speaks of replies and has its listed size', () => {
  const text = 'Subject: POP3\r\n\r\n+OK is what it says.\r\n';
  const stray = new StrayReply(text.length);
  expect(stray.push(Buffer.from(text))).toBe(false);
  expect(stray.mayBeIn(text.length)).toBe(false);
});

test('StrayReply trusts none that speaks of replies and has no listed size', () => {
  const stray = new StrayReply(undefined);
  expect(stray.push(Buffer.from('a\r\n+OK b\r\n'))).toBe(false);
  expect(stray.mayBeIn(10)).toBe(true);
});
