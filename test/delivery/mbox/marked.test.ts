import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../../src/delivery/destination.ts';
import { readOnly } from '../../../src/delivery/read-only.ts';
import { StoredHeaders } from '../../../src/delivery/stored-header.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver } from '../destination.contract.ts';
import { opened } from './mbox-place.ts';

/** Mail as it comes: with the fields of another mail program, or without. */
const mail = (name: string, fields = ''): string =>
  `From: a@x\r\n${fields}Subject: ${name}\r\nMessage-ID: <${name}@x>\r\n\r\nHello ${name}.\r\n\r\nFrom here\r\n`;
const PLAIN = ['one', 'two', 'three'].map((name) => mail(name));
const WITH_FIELDS = [
  mail('one', 'Content-Length: 33\r\nLines: 2\r\n'),
  mail('two', 'Status: RO\r\nX-Status: A\r\n'),
  mail('three', 'X-UID: 17\r\nX-Mozilla-Status: 0001\r\n'),
];

const FIELDS = /^(?:Status|X-Status|Content-Length|Lines|X-UID|X-Mozilla-Status): .*\n/gm;
const MESSAGE_ID = /^(Message-ID: .*\n)/gm;

/** What mail programs make of an mbox in which mail was read, as each of them was seen to. */
const PROGRAMS: readonly (readonly [string, (text: string) => string])[] = [
  [
    'mutt',
    (text) =>
      text.replaceAll(FIELDS, '').replaceAll(MESSAGE_ID, '$1Status: RO\nContent-Length: 53\nLines: 6\n'),
  ],
  ['s-nail', (text) => text.replaceAll(FIELDS, '').replaceAll(MESSAGE_ID, '$1Status: RO\nX-Status: F\n')],
  ['s-nail, where nothing was read', (text) => text.replaceAll(FIELDS, '')],
  [
    'Dovecot',
    (text) =>
      text
        .replaceAll(/^X-UID: .*\n/gm, '')
        .replace(MESSAGE_ID, '$1X-IMAPbase: 1796011246 0000000010 Custom\n')
        .replaceAll(MESSAGE_ID, '$1X-UID: 1            \nX-Keywords: Custom    \n'),
  ],
  [
    'Thunderbird',
    (text) =>
      text.replaceAll(
        /^(From .*\n)/gm,
        `$1X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: ${' '.repeat(80)}\n`,
      ),
  ],
];

/** What is said of these messages when all of them were delivered and the mbox was changed, and what is read of the last one. */
async function afterChange(
  messages: readonly string[],
  change: (text: string, receipts: readonly Receipt[]) => string,
  { asked = (receipts) => receipts }: { asked?: (receipts: readonly Receipt[]) => readonly Receipt[] } = {},
): Promise<{ readonly states: readonly string[]; readonly header: string | undefined }> {
  await using folder = await temporaryFolder();
  const mbox = await opened(folder);
  const receipts: Receipt[] = [];
  for (const message of messages) {
    const [, messageId] = /^Message-ID: (.*)\r$/m.exec(message) ?? [];
    receipts.push({ ...(await deliver(mbox, Buffer.from(message))), messageId });
  }
  const path = folder.at('place', 'mbox');
  await writeFile(path, change(await readFile(path, 'latin1'), receipts), 'latin1');
  const records = {
    used: () => true,
    folderOf: () => undefined,
    recordedAt: () => [],
    recordedAs: (_: string, hashes: readonly string[]) =>
      receipts.filter(({ sha256, unmarkedSha256 = '' }) =>
        [sha256, unmarkedSha256].some((one) => hashes.includes(one)),
      ),
  };
  const states: string[] = [];
  for await (const state of readOnly({ type: 'mbox', path }, records, 'me').inspect(asked(receipts)))
    states.push(state);
  const header = await new StoredHeaders().read(receipts.at(-1) as Receipt, '<three@x>');
  return { states, header: header?.toString('latin1') };
}

/** Only the last message of it. */
const lastOf = (text: string): string => text.slice(text.lastIndexOf('From MAILER'));

const ALL_MARKED = ['marked', 'marked', 'marked'];

describe.each([
  ['without such fields', PLAIN],
  ['with fields of another mail program', WITH_FIELDS],
])('a message that came %s, in an mbox into which a mail program has written its own', (_, messages) => {
  test.each(PROGRAMS)('is there, marked, and its header is found: %s', async (__, change) => {
    const stored = `From x\n${messages.join('').replaceAll('\r\n', '\n')}`;
    const isSame = change(stored) === stored;
    const { states, header } = await afterChange(messages, change);
    expect(states).toEqual(isSame ? ['intact', 'intact', 'intact'] : ALL_MARKED);
    expect(header).toContain('Subject: three\n');
  });

  test.each(PROGRAMS)('is not said to be there when it is damaged: %s', async (__, change) => {
    const damaged = (text: string): string => change(text).replace('Hello two.', 'Hello twx.');
    const { states } = await afterChange(messages, damaged);
    expect(['missing', 'changed']).toContain(states[1]);
    expect(['intact', 'marked']).toContain(states[0]);
    const inHeader = (text: string): string => change(text).replace('Subject: two', 'Subject: twx');
    expect(['missing', 'changed']).toContain((await afterChange(messages, inHeader)).states[1]);
  });

  test.each(PROGRAMS)('is missing when its owner has deleted it: %s', async (__, change) => {
    const withoutSecond = (text: string): string => {
      const starts = [...text.matchAll(/^From MAILER/gm)].map(({ index }) => index);
      return change(text.slice(0, starts[1]) + text.slice(starts[2]));
    };
    expect((await afterChange(messages, withoutSecond)).states[1]).toBe('missing');
  });
});

describe('in an mbox that mutt has rewritten', () => {
  const [, mutt] = PROGRAMS[0] as (typeof PROGRAMS)[0];

  test('of equal messages one copy is not taken for two', async () => {
    const twins = [PLAIN[0], PLAIN[0], WITH_FIELDS[0]] as string[];
    expect((await afterChange(twins, mutt)).states).toEqual(ALL_MARKED);
    const withoutLast = (text: string): string => mutt(text.slice(0, text.lastIndexOf('From MAILER')));
    expect((await afterChange(twins, withoutLast)).states).toEqual(['marked', 'marked', 'missing']);
  });

  test('a message is not taken for an equal one that came with its marks, and stands as it came', async () => {
    const marked = 'Status: RO\r\n';
    const both = [mail('one'), mail('one', marked)];
    const { states } = await afterChange(both, lastOf, { asked: (receipts) => receipts.slice(0, 1) });
    expect(states).toEqual(['missing']);
  });

  test('damage of the first message, which has not moved, is told as such', async () => {
    const damaged = (text: string): string => mutt(text).replace('Hello one.', 'Hello onx.');
    expect((await afterChange(PLAIN, damaged)).states).toEqual(['changed', 'marked', 'marked']);
  });

  test('damage of a message that has moved is told as such, and no other mail is taken for it', async () => {
    const damaged = (text: string): string => mutt(text).replace('Hello two.', 'Hello twx.');
    expect((await afterChange(PLAIN, damaged)).states).toEqual(['marked', 'changed', 'marked']);
    const deleted = (text: string): string =>
      damaged(text).replace('<two@x>', '<other@x>').replace('Subject: two', 'Subject: five');
    expect((await afterChange(PLAIN, deleted)).states).toEqual(['marked', 'missing', 'marked']);
    const longer = (text: string): string => damaged(text).replace('Hello twx.', 'Hello two, again.');
    expect((await afterChange(PLAIN, longer)).states).toEqual(['marked', 'missing', 'marked']);
  });
});
