import { createHash } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Intent, Receipt, Recovered } from '../../../src/delivery/destination.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver } from '../destination.contract.ts';
import { FOREIGN, MAIL, opened, textOf } from './mbox-place.ts';

const LONG = Buffer.from(`Subject: long\r\n\r\n${'From time to time\r\n'.repeat(200)}`);
const WITH_FIELDS = Buffer.from('Lines: 1\r\nSubject: x\r\nStatus: O\r\n\r\nHello.\r\n');

const sha256 = (octets: Buffer | string): string => createHash('sha256').update(octets).digest('hex');
const read = (text: string): string => text.replace('\n\n', '\nStatus: RO\n\n');

interface Killed {
  readonly intents: readonly Intent[];
  readonly receipts: readonly Receipt[];
  /** What the mbox held, and what was appended. */
  readonly before: string;
  readonly appended: string;
}

/** An mbox with a foreign message, to which these are appended in one second; nothing of that is recorded. */
async function killed(folder: TemporaryFolder, ...messages: readonly Buffer[]): Promise<Killed> {
  await mkdir(folder.at('place'));
  await writeFile(folder.at('place', 'mbox'), FOREIGN);
  const intents: Intent[] = [];
  const mbox = await opened(folder, intents);
  const receipts: Receipt[] = [];
  for (const [index, message] of messages.entries())
    receipts.push(await deliver(mbox, message, 'abc'[index] ?? expect.fail()));
  return { intents, receipts, before: FOREIGN, appended: (await textOf(folder)).slice(FOREIGN.length) };
}

/** What is found once the mbox is this text. */
async function foundIn(
  folder: TemporaryFolder,
  text: string,
  { intents, recorded = [] }: { intents: readonly Intent[]; recorded?: Receipt[] },
): Promise<ReadonlyMap<string, Recovered>> {
  await writeFile(folder.at('place', 'mbox'), text, 'latin1');
  return (await opened(folder, [], { recorded })).recover({ tags: new Set(), intents: [...intents] });
}

describe('I3: what was appended before a kill, when a mail program has rewritten the mbox since,', () => {
  test.each<[string, Buffer, (killed: Killed) => string]>([
    ['mail before it was deleted', MAIL, ({ appended }) => appended],
    ['mail before it was read', MAIL, ({ before, appended }) => read(before) + appended],
    ['it was read', MAIL, ({ before, appended }) => before + read(appended)],
    ['all was read', LONG, ({ before, appended }) => read(before) + read(appended)],
    ['it came with such fields and stands as it came', WITH_FIELDS, ({ appended }) => appended],
    [
      'it came with such fields and has others now',
      WITH_FIELDS,
      ({ appended }) => read(appended.replace('Lines: 1\n', '').replace('Status: O\n', '')),
    ],
    ['other mail came behind it', MAIL, ({ appended }) => appended + FOREIGN],
    ['other mail stands before it now', MAIL, ({ before, appended }) => before + FOREIGN + appended],
  ])('is found where it stands, with what was received: %s', async (_, message, change) => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, message);
    const text = change(state);
    const found = await foundIn(folder, text, state);
    const { receipt, received } = found.get('a') ?? expect.fail();
    expect(await textOf(folder)).toBe(text);
    const start = Number(receipt.location);
    const from = text.indexOf('\n', start) + 1;
    expect(text.slice(start).startsWith('From ')).toBe(true);
    expect(receipt.sha256).toBe(sha256(text.slice(from, from + receipt.octets)));
    expect(received).toMatchObject({ octets: message.length, sha256: sha256(message) });
  });

  test('is found, and ended, where only the empty line behind it was not written any more', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL);
    const text = read(state.before) + state.appended;
    expect((await foundIn(folder, text.slice(0, -1), state)).size).toBe(1);
    expect(await textOf(folder)).toBe(text);
  });

  test('is found at its place with what was received', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, WITH_FIELDS);
    const found = await foundIn(folder, state.before + state.appended, state);
    expect(found.get('a')?.received).toEqual({
      octets: WITH_FIELDS.length,
      sha256: sha256(WITH_FIELDS),
      lfSha256: sha256(WITH_FIELDS.toString().replaceAll('\r\n', '\n')),
      headerSha256: sha256('Lines: 1\r\nSubject: x\r\nStatus: O'),
      messageId: undefined,
    });
  });

  test('is found for each of several, and for equal ones as often as they stand there', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL, LONG, MAIL);
    const all = await foundIn(folder, read(state.before) + state.appended, state);
    expect(new Set([...all.values()].map(({ receipt }) => receipt.location)).size).toBe(3);
    const [, second = expect.fail(), third = expect.fail()] = state.receipts;
    const offset = state.before.length;
    const cut = state.appended.slice(Number(second.location) - offset, Number(third.location) - offset);
    const fewer = await foundIn(folder, state.appended.replace(cut, ''), state);
    expect([...fewer.keys()].sort()).toEqual(['a', 'c']);
  });

  test('is told from one that came with a field, and is its equal without that', async () => {
    await using folder = await temporaryFolder();
    const bare = Buffer.from('Subject: x\r\n\r\nHello.\r\n');
    const marked = Buffer.from('Subject: x\r\nStatus: O\r\n\r\nHello.\r\n');
    const state = await killed(folder, bare, marked);
    const found = await foundIn(folder, state.appended, state);
    expect([...found.keys()]).toEqual(['a', 'b']);
    expect(found.get('b')?.received.sha256).toBe(sha256(marked));
  });

  test('I1: is not the message of a record that equals it, wherever that stands', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL, MAIL);
    const [first = expect.fail()] = state.receipts;
    const [, second = expect.fail()] = state.intents;
    const half = state.appended.slice(0, state.appended.length / 2);
    const how = { intents: [second], recorded: [first] };
    expect((await foundIn(folder, half, how)).size).toBe(0);
    expect((await foundIn(folder, state.before + FOREIGN + half, how)).size).toBe(0);
    expect((await foundIn(folder, state.before + half, how)).size).toBe(0);
    const both = await foundIn(folder, state.appended, how);
    expect([...both.keys()]).toEqual(['b']);
  });

  test('I1: is not the message of a record that was found in the same way, and read', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL, MAIL);
    const text = read(state.appended.slice(0, state.appended.length / 2));
    const found = await foundIn(folder, text, { intents: state.intents.slice(0, 1) });
    const recorded = [found.get('a')?.receipt ?? expect.fail()];
    const how = { intents: state.intents.slice(1), recorded };
    expect((await foundIn(folder, text, how)).size).toBe(0);
    expect((await foundIn(folder, FOREIGN + FOREIGN + text, how)).size).toBe(0);
  });

  test('I1: is not equal mail that somebody else has put there', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL);
    const other = state.appended.replace(/:05 2026/, ':06 2026');
    expect(other).not.toBe(state.appended);
    expect((await foundIn(folder, FOREIGN + FOREIGN + other, state)).size).toBe(0);
  });
});

describe('I3: the piece that a kill has left at the end of an mbox, when a mail program has rewritten it since,', () => {
  const PIECE = 1200;

  test.each<[string, (piece: string) => string]>([
    ['deleted what was before it', (piece) => piece],
    ['put an empty line behind it', (piece) => `${read(FOREIGN) + piece}\n\n`],
    ['written into its header', (piece) => `${read(FOREIGN)}${read(piece)}\n\n`],
  ])('is cut off when that has %s', async (_, change) => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, LONG);
    const piece = state.appended.slice(0, PIECE);
    const text = change(piece);
    expect((await foundIn(folder, text, state)).size).toBe(0);
    expect(await textOf(folder)).toBe(text.startsWith(piece) ? '' : read(FOREIGN));
  });

  test('is cut off behind the whole ones that were appended with it, when the mbox is opened', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, MAIL, LONG);
    const whole = state.appended.slice(0, Number(state.receipts[1]?.location) - state.before.length);
    await writeFile(folder.at('place', 'mbox'), state.appended.slice(0, whole.length + PIECE));
    const mbox = await opened(folder, [], { unfinished: state.intents });
    expect(await textOf(folder)).toBe(whole);
    const found = await mbox.recover({ tags: new Set(), intents: [...state.intents] });
    expect([...found.keys()]).toEqual(['a']);
  });

  const left: readonly (readonly [string, (appended: string) => string])[] = [
    ['mail of somebody else stands behind it', (text) => text.slice(0, PIECE) + FOREIGN],
    [
      'mail of somebody else stands behind half a line of it',
      (text) => `${text.slice(0, PIECE + 7)}${FOREIGN}`,
    ],
    ['it begins otherwise', (text) => text.replace('long', 'lung').slice(0, PIECE)],
    [
      'it has the From_ line of another second',
      (text) => text.replace(':05 2026', ':06 2026').slice(0, PIECE),
    ],
    ['it lacks only line ends', (text) => text.slice(0, -2)],
    ['it has more in it', (text) => text.replace('\n\n', `\n\n${'more\n'.repeat(50)}`)],
    ['it is not the last', (text) => text.slice(0, PIECE) + text.slice(PIECE, PIECE + 1) + FOREIGN.repeat(3)],
  ];
  test.each(left)('is left alone where it may be somebody’s mail: %s', async (_, change) => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, LONG);
    const text = change(state.appended);
    expect((await foundIn(folder, text, state)).size).toBe(0);
    expect(await textOf(folder)).toBe(text);
  });

  test('is left alone where it is a whole message that begins in the same way, and is recorded or found', async () => {
    await using folder = await temporaryFolder();
    const short = LONG.subarray(0, 2400);
    const state = await killed(folder, LONG, short);
    const [intent = expect.fail()] = state.intents;
    const [first = expect.fail(), second = expect.fail()] = state.receipts;
    const text = read(state.appended.slice(Number(second.location) - Number(first.location)));
    await foundIn(folder, text, { intents: [intent], recorded: [second] });
    expect(await textOf(folder)).toBe(text);
    expect([...(await foundIn(folder, text, state)).keys()]).toEqual(['b']);
    expect(await textOf(folder)).toBe(text);
  });

  test('is left alone where it is a whole message at its place, and the next one begins in the same way', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, LONG.subarray(0, 2400), LONG);
    const text = state.before + state.appended.slice(0, Number(state.receipts[1]?.location) - FOREIGN.length);
    expect([...(await foundIn(folder, text, state)).keys()]).toEqual(['a']);
    expect(await textOf(folder)).toBe(text);
  });

  test('is cut off before new mail is put behind it', async () => {
    await using folder = await temporaryFolder();
    const state = await killed(folder, LONG);
    await writeFile(folder.at('place', 'mbox'), read(FOREIGN));
    await appendFile(folder.at('place', 'mbox'), state.appended.slice(0, PIECE));
    const mbox = await opened(folder, [], { unfinished: state.intents, runtime: new FakeRuntime() });
    await deliver(mbox, MAIL);
    expect((await textOf(folder)).match(/^Subject: .*$/gm)).toEqual(['Subject: foreign', 'Subject: x']);
  });
});
