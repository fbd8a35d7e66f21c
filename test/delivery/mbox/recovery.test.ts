import { appendFile, mkdir, open, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Intent, Receipt } from '../../../src/delivery/destination.ts';
import { Mbox } from '../../../src/delivery/mbox/mbox.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver } from '../destination.contract.ts';
import { surroundings } from '../surroundings.ts';
import { FOREIGN, FROM, MAIL, opened, parseMbox, STORED, textOf } from './mbox-place.ts';

const LONG = Buffer.from(`Subject: long\r\n\r\n${'From time to time\r\n'.repeat(200)}`);

/** The mbox with `before` in it, and what an append of `message` intends and makes of it. */
async function appended(
  folder: TemporaryFolder,
  before: string,
  message: Buffer,
): Promise<{ mbox: Destination; intents: Intent[]; receipt: Receipt; after: string }> {
  await mkdir(folder.at('place'));
  await writeFile(folder.at('place', 'mbox'), before);
  const intents: Intent[] = [];
  const mbox = await opened(folder, intents);
  const receipt = await deliver(mbox, message, 'c0ffee');
  return { mbox, intents, receipt, after: await textOf(folder) };
}

describe('I3: an append that a kill may have cut short', () => {
  test('and stands there whole is found, with the receipt that commit had given', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents, receipt, after } = await appended(folder, FOREIGN, LONG);
    const found = await mbox.recover({ tags: new Set(), intents });
    expect([...found].map(([tag, it]) => [tag, it.receipt])).toEqual([['c0ffee', receipt]]);
    expect(await textOf(folder)).toBe(after);
  });

  test('and stands there whole is found also when others have written behind it', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents, receipt, after } = await appended(folder, FOREIGN, LONG);
    await appendFile(folder.at('place', 'mbox'), FOREIGN);
    const found = await mbox.recover({ tags: new Set(), intents });
    expect(found.get('c0ffee')?.receipt).toEqual(receipt);
    expect(await textOf(folder)).toBe(after + FOREIGN);
  });

  test.each([
    ['an empty mbox', ''],
    ['one with mail', FOREIGN],
    ['one with mail that does not end as it should', FOREIGN.slice(0, -2)],
  ])('at any octet is cut off, and nothing that stood there before: %s', async (_, before) => {
    await using folder = await temporaryFolder();
    const message = Buffer.from('Subject: short\r\n\r\nFrom here\r\n.\r\n');
    const { mbox, intents, receipt, after } = await appended(folder, before, message);
    const offset = Number(receipt.location);
    const file = await open(folder.at('place', 'mbox'), 'r+');
    for (let size = after.length; size >= before.length; size -= 1) {
      await file.truncate(0);
      await file.write(after.slice(0, size), 0);
      const found = await mbox.recover({ tags: new Set(), intents });
      const whole = size >= after.length - 1;
      expect(found.size, `cut at ${size}`).toBe(whole ? 1 : 0);
      const expected = whole ? after : after.slice(0, Math.min(size, offset));
      expect(await textOf(folder), `cut at ${size}`).toBe(expected);
    }
    await file.close();
  });

  test('and of several keeps the whole ones and cuts off the piece', async () => {
    await using folder = await temporaryFolder();
    const intents: Intent[] = [];
    const mbox = await opened(folder, intents);
    const receipts = await Promise.all(['a', 'b', 'c'].map((tag) => deliver(mbox, LONG, tag)));
    const [, second] = receipts;
    await truncate(folder.at('place', 'mbox'), Number(second?.location) + 700);
    const found = await mbox.recover({ tags: new Set(), intents });
    expect([...found.keys()]).toEqual(['a']);
    expect(parseMbox(await textOf(folder))).toHaveLength(1);
    await deliver(mbox, MAIL);
    expect(parseMbox(await textOf(folder))).toHaveLength(2);
  });

  test('and had not begun changes nothing', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents } = await appended(folder, FOREIGN, LONG);
    await writeFile(folder.at('place', 'mbox'), FOREIGN);
    expect((await mbox.recover({ tags: new Set(), intents })).size).toBe(0);
    expect(await textOf(folder)).toBe(FOREIGN);
  });

  test.each([
    ['in place of it', 0, FOREIGN],
    ['behind a piece of it that ends with a line', 1294, FOREIGN],
    ['behind half a line of it', 1300, FOREIGN],
    ['behind half a line, with an odd sender', 1300, FOREIGN.replace('bob@c', 'bob at c')],
    ['with a From_ line that nobody else writes', 1294, 'From bob\nSubject: odd\n\nMine.\n\n'],
    ['with a From_ line in another form', 1294, 'From bob@c 2026-01-03T10:11:12\n\nMine.\n\n'],
  ])('is never cut off when other mail stands there: %s', async (_, octets, foreign) => {
    await using folder = await temporaryFolder();
    const { mbox, intents, after } = await appended(folder, '', LONG);
    const piece = after.slice(0, octets);
    expect(piece.endsWith('\n')).toBe(octets === 1294);
    await writeFile(folder.at('place', 'mbox'), piece + foreign);
    expect((await mbox.recover({ tags: new Set(), intents })).size).toBe(0);
    expect(await textOf(folder)).toBe(piece + foreign);
  });

  test('is not found where other octets of the same length stand', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents, after } = await appended(folder, '', LONG);
    const changed = `${after.slice(0, -10)}XXXXXXX${after.slice(-3)}`;
    await writeFile(folder.at('place', 'mbox'), changed);
    expect((await mbox.recover({ tags: new Set(), intents })).size).toBe(0);
  });

  test('is not found where the message of a record stands, though it equals that', async () => {
    await using folder = await temporaryFolder();
    const { intents } = await appended(folder, FOREIGN, MAIL);
    const [intent = expect.fail()] = intents;
    const mbox = await opened(folder, [], { recorded: [intent.receipt] });
    expect((await mbox.recover({ tags: new Set(), intents })).size).toBe(0);
    // That one is not what stands there any more.
    const other = { ...intent.receipt, sha256: '00'.repeat(32) };
    const again = await opened(folder, [], { recorded: [other] });
    expect((await again.recover({ tags: new Set(), intents })).size).toBe(1);
  });

  test('of equal messages that were to stand at one place is found once', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents } = await appended(folder, '', MAIL);
    const all = ['one', 'two'].flatMap((tag) => intents.map((intent) => ({ ...intent, tag })));
    expect([...(await mbox.recover({ tags: new Set(), intents: all })).keys()]).toEqual(['one']);
  });

  test('is not cut off where it is a whole one that is recorded, and the beginning of that which failed there', async () => {
    await using folder = await temporaryFolder();
    const { intents, after } = await appended(folder, '', LONG);
    const recorded: Receipt[] = [];
    const part = Buffer.from(LONG.subarray(0, LONG.length - 500));
    await truncate(folder.at('place', 'mbox'), 0);
    recorded.push(await deliver(await opened(folder), part));
    const mbox = await opened(folder, [], { recorded });
    const before = await textOf(folder);
    expect(after.startsWith(before.trimEnd())).toBe(true);
    expect((await mbox.recover({ tags: new Set(), intents })).size).toBe(0);
    expect(await textOf(folder)).toBe(before);
  });

  test('is cut off where others, that came to nothing, were to stand in what was overwritten with zeros', async () => {
    await using folder = await temporaryFolder();
    const { mbox, intents, after } = await appended(folder, FOREIGN, LONG);
    const [intent = expect.fail()] = intents;
    const location = String(FOREIGN.length + 100);
    const stale = {
      tag: 'stale',
      receipt: { ...intent.receipt, location, octets: 50 },
      opening: Buffer.from(FROM),
    };
    const piece = '\0'.repeat(300) + after.slice(FOREIGN.length + 300, -100);
    await writeFile(folder.at('place', 'mbox'), FOREIGN + piece);
    expect((await mbox.recover({ tags: new Set(), intents: [stale, ...intents] })).size).toBe(0);
    expect(await textOf(folder)).toBe(FOREIGN);
  });

  test('is cut off when the mbox is opened, before anybody else appends', async () => {
    await using folder = await temporaryFolder();
    const { intents, after } = await appended(folder, FOREIGN, LONG);
    const path = folder.at('place', 'mbox');
    await truncate(path, after.length - 100);
    const taken = [intents, []];
    const around = { ...surroundings(), takeUnfinished: () => taken.shift() ?? expect.fail() };
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', around);
    expect(await textOf(folder)).toBe(FOREIGN);
    await deliver(mbox, MAIL);
    await Mbox.open({ type: 'mbox', path }, 'x', around);
    expect(await textOf(folder)).toBe(`${FOREIGN}${FROM}${STORED}\n`);
  });

  test('is not looked for, and nothing is created, where there was none', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    expect((await mbox.recover({ tags: new Set(['c0ffee']), intents: [] })).size).toBe(0);
    expect(await textOf(folder)).toBe('');
  });
});
