import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { array, assert, asyncProperty, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MboxrdQuoting } from '../../../src/delivery/mbox/mboxrd.ts';
import { MboxrdUnquoting } from '../../../src/delivery/mbox/mboxrd-unquoting.ts';
import { type MboxMessage, readMessages } from '../../../src/delivery/mbox/messages.ts';
import { everySplit } from '../../support/every-split.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function read(text: string): Promise<MboxMessage[]> {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('mbox'), text, 'latin1');
  const messages: MboxMessage[] = [];
  for await (const message of readMessages(folder.at('mbox'))) messages.push(message);
  return messages;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

describe('readMessages', () => {
  test('tells what each message was when it was received', async () => {
    const messages = await read(
      'From a Thu Jan  1 00:00:00 2026\nMessage-ID: <a@x>\nSubject: a\n\n>From b\n>>From c\n\nFrom b Thu Jan  1 00:00:00 2026\nSubject: b\n\n\n',
    );
    const received = 'Message-ID: <a@x>\r\nSubject: a\r\n\r\nFrom b\r\n>From c\r\n';
    expect(messages).toMatchObject([
      {
        start: 0,
        sha256: sha256('Message-ID: <a@x>\nSubject: a\n\n>From b\n>>From c\n'),
        received: { octets: received.length, sha256: sha256(received), messageId: '<a@x>' },
      },
      { received: { sha256: sha256('Subject: b\r\n\r\n'), messageId: undefined } },
    ]);
  });

  test('leaves out the fields that mail programs write, folded ones too, and no others', async () => {
    const [message] = await read(
      'From a\nStatus: RO\nSubject: a\nX-Keywords: one\n two\nLines: 3\nX-Lines: 4\n\nStatus: body\n\n',
    );
    const text = 'Subject: a\nX-Lines: 4\n\nStatus: body\n';
    const header = 'Subject: a\r\nX-Lines: 4';
    expect(message?.received).toMatchObject({
      octets: text.length + 4,
      lfSha256: sha256(text),
      headerSha256: sha256(header),
    });
  });

  test('counts these fields in the hash of the whole message, since it may have come with them', async () => {
    const [message] = await read('From a\nStatus: RO\nSubject: a\n\nbody\n\n');
    expect(message?.received.sha256).toBe(sha256('Status: RO\r\nSubject: a\r\n\r\nbody\r\n'));
  });

  test('reads one without a body, and one without anything', async () => {
    expect(await read('From a\nSubject: a\n\n')).toMatchObject([
      { received: { sha256: sha256('Subject: a\r\n') } },
    ]);
    expect(await read('From a\n\n')).toMatchObject([{ received: { octets: 0 } }]);
    expect(await read('')).toEqual([]);
  });

  test('makes nothing of what is no mbox, and does not fail', async () => {
    await using folder = await temporaryFolder();
    await assert(
      asyncProperty(
        array(constantFrom('From ', '\n', '>', 'x', ':', '\r', '\0', 'Status'), { maxLength: 30 }),
        async (parts) => {
          await writeFile(folder.at('mbox'), parts.join(''), 'latin1');
          let octets = 0;
          for await (const message of readMessages(folder.at('mbox'))) octets += message.octets;
          expect(octets).toBeLessThanOrEqual(parts.join('').length);
        },
      ),
      propertyRuns(30),
    );
  }, 60_000);
});

describe('MboxrdUnquoting', () => {
  test.each([
    'From a\n',
    '>From a\n>>From b\n',
    'x\n>From',
    'x\n>>Fro',
    '>>>',
    'a >From b\n>F\n>From \n',
    '\n>\n>From\n',
  ])('is the way back from quoting, wherever the blocks are cut: %j', (text) => {
    const quoting = new MboxrdQuoting();
    const stored = Buffer.concat([...quoting.push(Buffer.from(text)), quoting.end()]);
    everySplit(stored, (blocks, how) => {
      const unquoting = new MboxrdUnquoting();
      const pieces = blocks.map((block) => unquoting.push(block.toString('latin1')));
      expect([...pieces, unquoting.end()].join(''), how).toBe(text);
    });
  });

  test('is the way back from quoting for any text', () => {
    const texts = array(constantFrom('>', 'From ', '\n', 'F', 'rom', ' ', 'x'), { maxLength: 40 });
    assert(
      property(texts, integer({ min: 1, max: 9 }), (parts, size) => {
        const text = parts.join('');
        const quoting = new MboxrdQuoting();
        const stored = Buffer.concat([...quoting.push(Buffer.from(text)), quoting.end()]).toString('latin1');
        const unquoting = new MboxrdUnquoting();
        let out = '';
        for (let at = 0; at < stored.length; at += size) out += unquoting.push(stored.slice(at, at + size));
        expect(out + unquoting.end()).toBe(text);
      }),
      propertyRuns(500),
    );
  });
});
