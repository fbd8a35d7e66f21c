import { expect, test } from 'vitest';
import { StrayReply } from '../../src/poll/stray-reply.ts';
import { everySplit } from '../support/every-split.ts';

/** What a message of 10 octets turned out to be. */
test.each([
  ['a message as listed', '12345678\r\n', false],
  ['a longer one', '12345678\r\n12345678\r\n12345678\r\n', false],
  ['one that runs on into a reply', '12345678\r\n+OK 20 octets\r\n', true],
  ['one that runs on into a refusal', '12345678\r\n-ERR no\r\n', true],
  ['one whose last line had no end', '1234567890.\r\n+OK 20 octets\r\n', true],
  ['one that speaks of replies in it', 'a\r\n+OK b\r\n', false],
  ['one that speaks of replies far behind', `${'1234567\r\n'.repeat(5)}+OK then\r\n`, false],
  ['one with a reply inside a line', '12345678 +OK 20 octets\r\n', false],
  ['one with something like a reply', '12345678\r\n+OKAY\r\n', false],
])('StrayReply sees through %s, wherever the blocks are cut', (_, text, expected) => {
  expect.hasAssertions();
  everySplit(Buffer.from(text), (blocks, how) => {
    const stray = new StrayReply(10);
    expect(blocks.map((block) => stray.push(block)).includes(true), how).toBe(expected);
  });
});

test('StrayReply knows nothing of a message without a listed size', () => {
  expect(new StrayReply(undefined).push(Buffer.from('a\r\n+OK b\r\n'))).toBe(false);
});
