import { describe, expect, test } from 'vitest';
import type { RecordId, RecordIdentity } from '../../../src/ledger/record.ts';
import { headerHash } from '../../../src/message/header-field.ts';
import { SameHeader } from '../../../src/poll/recognition/same-header.ts';

const RECORD = 1 as RecordId;
const header = (...fields: readonly string[]): Buffer => Buffer.from(`${fields.join('\r\n')}\r\n\r\n`);

/** Whether a header is taken for that of a message of which this is recorded, and nothing is stored any more. */
function isOf(
  given: Buffer,
  recorded: Partial<Pick<RecordIdentity, 'messageId' | 'headerSha256'>> | undefined,
): Promise<boolean | undefined> {
  const identityOf = (): RecordIdentity => ({ ...recorded }) as RecordIdentity;
  return new SameHeader({ identityOf, receiptsOf: () => [] }).isOf(given, RECORD);
}

describe('I1, I8: where nothing is stored any more of a message,', () => {
  const headerSha256 = headerHash(header('Message-ID: <1@a>', 'Subject: one'), true);

  test('its Message-ID tells it from another, whatever else its server has written into the header', async () => {
    const recorded = { messageId: '<1@a>', headerSha256 };
    expect(await isOf(header('X-Seen: yes', 'Message-ID: <1@a>', 'Subject: one'), recorded)).toBe(true);
    expect(await isOf(header('Message-ID: <2@a>', 'Subject: one'), recorded)).toBe(false);
  });

  test('a header without a Message-ID, or with an empty one, is that of another message', async () => {
    expect(await isOf(header('Subject: one'), { messageId: '<1@a>', headerSha256 })).toBe(false);
    expect(await isOf(header('Message-ID:', 'Subject: one'), { messageId: '', headerSha256 })).toBe(false);
  });

  test('one without a Message-ID is known by all of its header, and by nothing less', async () => {
    const nameless = headerHash(header('Subject: one'), true);
    expect(await isOf(header('Subject: one'), { headerSha256: nameless })).toBe(true);
    expect(await isOf(header('Subject: one', 'Status: RO'), { headerSha256: nameless })).toBe(true);
    expect(await isOf(header('Subject: two'), { headerSha256: nameless })).toBe(false);
    expect(await isOf(header('Message-ID: <2@a>'), { headerSha256: nameless })).toBe(false);
  });

  test('nothing tells where neither its header nor its Message-ID was recorded; a Message-ID alone does', async () => {
    expect(await isOf(header('Message-ID: <1@a>'), undefined)).toBeUndefined();
    expect(await isOf(header('Message-ID: <1@a>'), { messageId: '<1@a>' })).toBe(true);
    expect(await isOf(header('Message-ID: <2@a>'), { messageId: '<1@a>' })).toBe(false);
  });
});
