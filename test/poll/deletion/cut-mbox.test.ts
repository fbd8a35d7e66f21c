import { readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { PollReport } from '../../../src/poll/report.ts';
import { Ferry, mail, serve } from '../ferry.ts';

const DAY_MS = 86_400_000;
const MAIL = ['one', 'two', 'three'].map((name) => mail(name, `${name} `.repeat(40)));
const KEPT = { deletion: { kind: 'after', milliseconds: 10 * DAY_MS } } as const;

/** As some devices send it: shorter each time, and all under one Message-ID. */
const OF_ONE_ID = [3, 2, 1].map((count) => mail('one', 'x '.repeat(count)));

function cutLast(path: string, text: string): Promise<unknown> {
  return truncate(path, text.length - 20);
}

function removeFirst(path: string, text: string): Promise<unknown> {
  return writeFile(path, text.slice(text.indexOf('\nFrom ') + 1), 'latin1');
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

  const inFirst = (path: string, text: string): Promise<unknown> =>
    truncate(path, text.indexOf('\nFrom ') - 20);

  test.each<[string, readonly string[]]>([
    ['', []],
    [', with other mail behind the piece', [mail('x', 'x'.repeat(500))]],
  ])('in a message that its server does not have any more%s', async (_, later) => {
    const { code, left } = await deletedAfter(inFirst, { goneThere: 1, later });
    expect({ code, left: left - later.length }).toEqual({ code: 'message-changed', left: 2 });
  });

  test('after its owner had deleted mail before the piece, and a program had noted that the others were read', async () => {
    const rewrite = (path: string, text: string): Promise<unknown> => {
      const [, ...rest] = text.split(/(?<=\n)(?=From )/);
      const read = rest.join('').replaceAll('\nSubject', '\nStatus: RO\nSubject');
      return writeFile(path, read.slice(0, read.indexOf('\nFrom ') - 20), 'latin1');
    };
    expect(await deletedAfter(rewrite)).toMatchObject({ deleted: 1, code: 'message-changed', left: 2 });
  });

  test('within its header', async () => {
    const change = (path: string, text: string): Promise<unknown> =>
      truncate(path, text.indexOf('Subject: two') + 10);
    expect(await deletedAfter(change)).toMatchObject({ deleted: 1, code: 'message-changed', left: 2 });
  });
});

/** As some servers send it, and some mail programs do not leave it. */
const WITH_FIELDS = ['one', 'two', 'three'].map((name) => `Content-Length: 42\r\nLines: 12\r\n${mail(name)}`);

test('an mbox counts as whole where a mail program has taken out the fields that such programs write', async () => {
  const rewrite = (path: string, text: string): Promise<unknown> =>
    writeFile(path, text.replaceAll(/^(?:Content-Length|Lines): .*\n/gm, ''), 'latin1');
  expect(await deletedAfter(rewrite, { stored: WITH_FIELDS })).toMatchObject({ deleted: 3, code: undefined });
});

test('mail that its owner has deleted is not held back by a message that he has made shorter, where mail between the two stands', async () => {
  const rewrite = (path: string, text: string): Promise<unknown> => {
    const [first = '', second = ''] = text.split(/(?<=\n)(?=From )/);
    return writeFile(path, `${first.slice(0, -100)}\n\n${second}`, 'latin1');
  };
  const { code, left } = await deletedAfter(rewrite, { goneThere: 1 });
  expect({ code, left }).toEqual({ code: undefined, left: 0 });
});

test.each<[string, (text: string) => string]>([
  ['has read all of it', (text) => text.replaceAll('\nSubject', '\nStatus: RO\nSubject')],
  ['has deleted the last', (text) => text.slice(0, text.lastIndexOf('From '))],
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
