import { describe, expect, test } from 'vitest';
import { BodyHash, type BodyHashes } from '../../src/message/body-hash.ts';
import { sha256 } from '../../src/message/sha256.ts';
import { everySplit } from '../support/every-split.ts';

const MESSAGE = 'Message-ID: <a@x>\r\nSubject: a\r\n\r\ntext\r\n\r\nmore\r\n';
const MARKED =
  'Message-ID: <a@x>\r\nStatus: RO\r\nX-Keywords: one\r\n two\r\nSubject: a\r\n\r\ntext\r\n\r\nmore\r\n';

function hashesOf(...blocks: (string | Buffer)[]): BodyHashes {
  const hash = new BodyHash();
  for (const block of blocks) hash.update(Buffer.from(block));
  return hash.digest();
}

describe('the hashes by which a message is known under another header', () => {
  test('are the same with other fields, and not with another body or subject', () => {
    const { body } = hashesOf(MESSAGE);
    expect(body).toMatch(/^[0-9a-f]{64}$/);
    expect(hashesOf(`X-Moved: yes\r\n${MESSAGE}`).body).toBe(body);
    expect(hashesOf(MESSAGE.replace('more', 'less')).body).not.toBe(body);
    expect(hashesOf(MESSAGE.replace('Subject: a', 'Subject: b')).body).not.toBe(body);
  });

  test('are that of all of it without the marks of those who have read it, where there are any', () => {
    expect(hashesOf(MARKED).unmarked).toBe(sha256(Buffer.from(MESSAGE)));
    expect(hashesOf(MESSAGE).unmarked).toBeUndefined();
    expect(hashesOf(MESSAGE.replace('text', 'Status: RO')).unmarked).toBeUndefined();
  });

  test('are the same whatever the blocks', () => {
    const whole = hashesOf(MARKED);
    everySplit(Buffer.from(MARKED), (blocks, how) => expect(hashesOf(...blocks), how).toEqual(whole));
  });

  test('are not made where others may look the same', () => {
    expect(hashesOf('Subject: a\r\nFrom: b\r\n\r\ntext\r\n').body).toBeUndefined();
    expect(hashesOf('Date: today\r\nFrom: b\r\n\r\ntext\r\n').body).toBeDefined();
    expect(hashesOf('Message-ID: <a@x>\r\n\r\n').body).toBeUndefined();
    expect(hashesOf('Message-ID: <a@x>\r\n').body).toBeUndefined();
  });
});
