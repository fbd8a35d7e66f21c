import { readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { PollReport } from '../../../src/poll/report.ts';
import { Ferry, mail, serve } from '../ferry.ts';

const DAY_MS = 86_400_000;
const MAIL = ['one', 'two', 'three'].map((name) => mail(name, `${name} `.repeat(40)));
const KEPT = { deletion: { kind: 'after', milliseconds: 10 * DAY_MS } } as const;

/** As some devices send it: shorter each time, and all under one Message-ID. */
const OF_ONE_ID = [3, 2, 1].map((count) => mail('one', 'x '.repeat(count)));

/** Its last octets are missing. */
function cutBy(octets: number): (path: string, text: string) => Promise<unknown> {
  return (path, text) => truncate(path, text.length - octets);
}

const cutLast = cutBy(20);

function removeFirst(path: string, text: string): Promise<unknown> {
  return writeFile(path, text.slice(text.indexOf('\nFrom ') + 1), 'latin1');
}

/** The mbox becomes what is made of its text. */
function into(change: (text: string) => string): (path: string, text: string) => Promise<unknown> {
  return (path, text) => writeFile(path, change(text), 'latin1');
}

/** As a mail program leaves it that has shown all of it. */
function asRead(text: string): string {
  return text.replaceAll('\nSubject', '\nStatus: RO\nSubject');
}

function withoutSecond(text: string): string {
  const [first = '', , third = ''] = messagesOf(text);
  return first + third;
}

/** Its messages, each with its From_ line. */
function messagesOf(text: string): string[] {
  return text.split(/(?<=\n)(?=From )/);
}

/** What a poll deletes eleven days after an mbox was filled and something has happened to it. */
async function deletedAfter(
  change: (path: string, text: string) => Promise<unknown>,
  { later = [] as readonly string[], stored = MAIL, goneThere = 0 } = {},
): Promise<Pick<PollReport, 'deleted' | 'error'> & { code: string | undefined; left: number }> {
  await using server = await serve(...stored);
  await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
  expect(await ferry.poll()).toMatchObject({ fetched: 3, kept: 3 });
  const path = ferry.folder.at('mbox');
  await change(path, await readFile(path, 'latin1'));
  const maildrop = server.maildrop('alice');
  await maildrop.remove((await maildrop.list()).slice(0, goneThere));
  for (const one of later) maildrop.add(one);
  ferry.runtime.advance(5 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: later.length });
  ferry.runtime.advance(6 * DAY_MS);
  const { deleted, error } = await ferry.poll();
  return { deleted, error, code: error?.code, left: maildrop.messages.length };
}

describe('I1: where the end of an mbox was cut off', () => {
  test.each<[string, number, (text: string) => number]>([
    ['in the last message', 2, (text) => text.length - 20],
    ['in one before', 1, (text) => text.lastIndexOf('From ') - 20],
  ])('what is not whole there any more stays on the server: %s', async (_, deleted, end) => {
    const cut = (path: string, text: string): Promise<unknown> => truncate(path, end(text));
    expect(await deletedAfter(cut)).toMatchObject({ deleted, code: 'message-changed', left: 3 - deleted });
  });

  test('it does so when other mail was appended behind the piece meanwhile', async () => {
    expect(await deletedAfter(cutLast, { later: [mail('x', 'x'.repeat(500))] })).toMatchObject({
      deleted: 2,
      code: 'message-changed',
      left: 2,
    });
  });

  test.each<[string, readonly string[]]>([
    ['', []],
    [', with other mail behind the piece', [mail('x', 'x'.repeat(500))]],
  ])('in a message that its server does not have any more%s', async (_, later) => {
    const inFirst = into((text) => text.slice(0, text.indexOf('\nFrom ') - 20));
    const { code, left } = await deletedAfter(inFirst, { goneThere: 1, later });
    expect({ code, left: left - later.length }).toEqual({ code: 'message-changed', left: 2 });
  });

  test('after its owner had deleted mail before the piece, and a program had noted that the others were read', async () => {
    const rewrite = into((text) => {
      const read = asRead(messagesOf(text).slice(1).join(''));
      return read.slice(0, read.indexOf('\nFrom ') - 20);
    });
    expect(await deletedAfter(rewrite)).toMatchObject({ deleted: 1, code: 'message-changed', left: 2 });
  });

  test('within its header', async () => {
    const inHeader = into((text) => text.slice(0, text.indexOf('Subject: two') + 10));
    expect(await deletedAfter(inHeader)).toMatchObject({ deleted: 1, code: 'message-changed', left: 2 });
  });
});

describe('I1: where an mbox was cut between two messages, or put back as it was before the last ones came', () => {
  const cut = into((text) => text.slice(0, text.lastIndexOf('From ')));

  test.each<[string, (path: string, text: string) => Promise<unknown>, number]>([
    ['the last one', cut, 2],
    ['the last two', into((text) => text.slice(0, text.indexOf('\nFrom ') + 1)), 1],
  ])(
    'somebody is asked before what is not there any more is deleted on the server: %s',
    async (_, change, deleted) => {
      expect(await deletedAfter(change)).toMatchObject({
        deleted,
        code: 'deletion-unconfirmed',
        left: 3 - deleted,
      });
    },
  );

  test('that is so when other mail was appended there meanwhile', async () => {
    const later = [mail('x', 'x'.repeat(500)), mail('y')];
    expect(await deletedAfter(cut, { later })).toMatchObject({
      deleted: 2,
      code: 'deletion-unconfirmed',
      left: 3,
    });
  });

  test('it is deleted once somebody says so', async () => {
    await using server = await serve(...MAIL);
    await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
    await ferry.poll();
    const path = ferry.folder.at('mbox');
    await cut(path, await readFile(path, 'latin1'));
    ferry.runtime.advance(11 * DAY_MS);
    expect((await ferry.poll()).error?.message).toContain('has lost its end');
    expect(await ferry.poll({}, { confirmDelete: true })).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(server.maildrop('alice').messages).toHaveLength(0);
  });
});

/** As some servers send it, and some mail programs do not leave it. */
const WITH_FIELDS = ['one', 'two', 'three'].map((name) => `Content-Length: 42\r\nLines: 12\r\n${mail(name)}`);

describe('I1: a piece of a message that came with such fields stays on the server', () => {
  test('where only its end is missing', async () => {
    expect(await deletedAfter(cutBy(3), { stored: WITH_FIELDS })).toMatchObject({
      deleted: 2,
      code: 'message-changed',
      left: 1,
    });
  });

  test('where a mail program has changed its header besides, and more is missing than what such programs take out', async () => {
    const long = WITH_FIELDS.map((text) => text + 'a line\r\n'.repeat(200));
    const cut = (octets: number): ReturnType<typeof into> =>
      into((text) => text.replaceAll('\nSubject', '\nX-Label: a\nSubject').slice(0, -octets));
    expect(await deletedAfter(cut(600), { stored: long })).toMatchObject({
      deleted: 2,
      code: 'message-changed',
    });
  });
});

test('mail counts as whole where a mail program has changed its header besides, and has taken out such fields', async () => {
  const rewrite = into((text) =>
    text.replaceAll(/^(?:Content-Length|Lines): .*\n/gm, '').replaceAll('\nSubject', '\nX-Label: a\nSubject'),
  );
  expect(await deletedAfter(rewrite, { stored: WITH_FIELDS })).toMatchObject({ deleted: 3, code: undefined });
});

test('an mbox counts as whole where a mail program has taken out the fields that such programs write', async () => {
  const rewrite = into((text) => text.replaceAll(/^(?:Content-Length|Lines): .*\n/gm, ''));
  expect(await deletedAfter(rewrite, { stored: WITH_FIELDS })).toMatchObject({ deleted: 3, code: undefined });
});

test('mail that its owner has deleted is not held back by a message that he has made shorter, where mail between the two stands', async () => {
  const rewrite = into((text) => {
    const [first = '', second = ''] = messagesOf(text);
    return `${first.slice(0, -100)}\n\n${second}`;
  });
  const { code, left } = await deletedAfter(rewrite, { goneThere: 1 });
  expect({ code, left }).toEqual({ code: undefined, left: 0 });
});

test.each<[string, (text: string) => string]>([
  ['has read all of it', asRead],
  ['has deleted the second with a program that leaves no marks', withoutSecond],
  ['has read the others and deleted the last', (text) => asRead(text.slice(0, text.lastIndexOf('From ')))],
  ['has deleted the first', (text) => text.slice(text.indexOf('\nFrom ') + 1)],
  ['has emptied it', () => ''],
])('an mbox of which its owner %s counts as whole', async (_, change) => {
  const rewrite = (path: string, text: string): Promise<unknown> => writeFile(path, change(text), 'latin1');
  expect(await deletedAfter(rewrite)).toMatchObject({ deleted: 3, code: undefined, left: 0 });
});

test('and so does one in which a shorter message under the same Message-ID stands in the place of a deleted one', async () => {
  expect(await deletedAfter(removeFirst, { stored: OF_ONE_ID })).toMatchObject({
    deleted: 3,
    code: undefined,
    left: 0,
  });
});

test('I9: the error names the piece, and says what to do about it', async () => {
  const { error } = await deletedAfter(cutLast);
  expect(error?.message).toMatch(/^Only a piece is there of the message at [1-9]\d* in mbox:/);
  expect(error?.hint).toContain('mailferry refetch work --missing');
});
