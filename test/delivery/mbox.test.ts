import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Intent, Receipt } from '../../src/delivery/destination.ts';
import { Mbox } from '../../src/delivery/mbox.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { deliver, destinationContract } from './destination.contract.ts';
import { sha256 } from './sha256.ts';

const MAIL = Buffer.from('Return-Path: <ada@b.example>\r\nSubject: x\r\n\r\nHello.\r\n');
const FROM = 'From ada@b.example Fri Jan  2 03:04:05 2026\n';
const STORED = 'Return-Path: <ada@b.example>\nSubject: x\n\nHello.\n';
const FOREIGN = 'From bob@c.example Sat Jan  3 10:11:12 2026\nSubject: foreign\n\nMine.\n\n';

/** The messages of an mbox as any reader of the mboxrd dialect sees them. */
function parseMbox(text: string): string[] {
  const [before = '', ...messages] = text.split(/(?<=^|\n)From [^\n]*\n/);
  expect(before).toBe('');
  return messages.map((message) => {
    expect(message.endsWith('\n')).toBe(true);
    return message.slice(0, -1).replaceAll(/(?<=^|\n)>(>*From )/g, '$1');
  });
}

const textOf = async (folder: TemporaryFolder): Promise<string> =>
  (await readFile(folder.at('place', 'mbox'))).toString('latin1');

function opened(
  folder: TemporaryFolder,
  intents: Intent[] = [],
  { runtime = new FakeRuntime(), recorded = [] }: { runtime?: FakeRuntime; recorded?: Receipt[] } = {},
): Promise<Mbox> {
  const path = folder.at('place', 'mbox');
  return Mbox.open({ type: 'mbox', path }, `mbox:${path}`, {
    runtime,
    takeUnfinished: () => [],
    recordedAt: (locations) => recorded.filter(({ location }) => locations.includes(location)),
    intend: (more) => {
      intents.push(...more);
      return Promise.resolve();
    },
  });
}

async function standingAt(folder: TemporaryFolder, { location, octets }: Receipt): Promise<Buffer> {
  const text = await textOf(folder);
  const from = Number(location);
  expect(text.slice(from, from + 5)).toBe('From ');
  const start = text.indexOf('\n', from) + 1;
  return Buffer.from(text.slice(start, start + octets), 'latin1');
}

destinationContract({
  name: 'an mbox',
  open: (folder) => opened(folder),
  stored: (message) => {
    const text = message.toString('latin1').replaceAll('\r\n', '\n');
    return Buffer.from(text === '' || text.endsWith('\n') ? text : `${text}\n`, 'latin1');
  },
  read: async (folder) => parseMbox(await textOf(folder)).map((text) => Buffer.from(text, 'latin1')),
  at: standingAt,
});

describe('an mbox', () => {
  test('holds exactly From_ line, message and empty line', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    await deliver(mbox, MAIL);
    await deliver(mbox, Buffer.from('Subject: y\r\n\r\nno end'));
    expect(await textOf(folder)).toBe(
      `${FROM}${STORED}\nFrom MAILER-DAEMON Fri Jan  2 03:04:05 2026\nSubject: y\n\nno end\n\n`,
    );
    expect((await stat(folder.at('place', 'mbox'))).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['nothing', '', ''],
    ['an empty line at its end', FOREIGN, ''],
    ['no empty line at its end', FOREIGN.slice(0, -1), '\n'],
    ['no line end at its end', FOREIGN.slice(0, -2), '\n\n'],
    ['only a line end', '\n', ''],
    ['only empty lines', '\n\n\n', ''],
  ])('that holds %s is appended to with an empty line between', async (_, there, between) => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('place'));
    await writeFile(folder.at('place', 'mbox'), there);
    const receipt = await deliver(await opened(folder), MAIL);
    expect(await textOf(folder)).toBe(`${there}${between}${FROM}${STORED}\n`);
    expect(receipt.location).toBe(String(there.length + between.length));
  });

  test('may be written by others between two messages', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    await deliver(mbox, MAIL);
    await appendFile(folder.at('place', 'mbox'), FOREIGN.slice(0, -1));
    await deliver(mbox, MAIL);
    const messages = parseMbox(await textOf(folder));
    expect(messages).toEqual([STORED, 'Subject: foreign\n\nMine.\n', STORED]);
  });

  test('is not written over when somebody who does not lock it writes while we have it', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('place', 'mbox');
    const intents: Intent[] = [];
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', {
      runtime: new FakeRuntime(),
      takeUnfinished: () => [],
      recordedAt: () => [],
      intend: async (more) => {
        if (intents.length < 2) await appendFile(path, FOREIGN);
        intents.push(...more);
      },
    });
    const receipt = await deliver(mbox, MAIL);
    expect(parseMbox(await textOf(folder))).toEqual([
      ...Array(2).fill('Subject: foreign\n\nMine.\n'),
      STORED,
    ]);
    expect(intents.at(-1)?.receipt).toEqual(receipt);
    expect(await standingAt(folder, receipt)).toEqual(Buffer.from(STORED));
  });

  test('that somebody writes to all the time is left to him', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('place', 'mbox');
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', {
      runtime: new FakeRuntime(),
      takeUnfinished: () => [],
      recordedAt: () => [],
      intend: () => appendFile(path, FOREIGN),
    });
    await expect(deliver(mbox, MAIL)).rejects.toMatchObject({
      code: 'destination-unusable',
      message: expect.stringContaining('grows while it is locked') as string,
    });
    expect(new Set(parseMbox(await textOf(folder)))).toEqual(new Set(['Subject: foreign\n\nMine.\n']));
  });

  test('may be replaced by others between two messages', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    await deliver(mbox, MAIL);
    await writeFile(folder.at('place', 'mbox'), '');
    const receipt = await deliver(mbox, MAIL);
    expect(receipt.location).toBe('0');
    expect(await textOf(folder)).toBe(`${FROM}${STORED}\n`);
  });

  test.each(['SQLite format 3', 'Fr'])('is not made of a file that begins otherwise: %s', async (text) => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('place'));
    await writeFile(folder.at('place', 'mbox'), text);
    await expect(opened(folder)).rejects.toMatchObject({ code: 'destination-unusable' });
    expect(await textOf(folder)).toBe(text);
  });

  test('cannot be opened where a folder is', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('place', 'mbox'), { recursive: true });
    await expect(opened(folder)).rejects.toMatchObject({ code: 'destination-unusable' });
    expect(await readdir(folder.at('place'))).toEqual(['mbox']);
  });

  test('cannot be opened below a file', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('place'), 'mine');
    await expect(opened(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^destination-/) as string,
    });
  });

  test('I2: is not touched before the intent is recorded, nor when it cannot be', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('place', 'mbox');
    let sizeThen = -1;
    const failing = await Mbox.open({ type: 'mbox', path }, 'x', {
      runtime: new FakeRuntime(),
      takeUnfinished: () => [],
      recordedAt: () => [],
      intend: async () => {
        sizeThen = (await stat(path)).size;
        throw new Error('the ledger is full');
      },
    });
    await expect(deliver(failing, MAIL)).rejects.toThrow('the ledger is full');
    expect(sizeThen).toBe(0);
    expect(await textOf(folder)).toBe('');
    expect(await readdir(folder.at('place'))).toEqual(['mbox']);
  });

  test('that cannot be locked refuses all that wait for it after one wait', async () => {
    await using folder = await temporaryFolder();
    const runtime = new FakeRuntime();
    const mbox = await opened(folder, [], { runtime });
    runtime.alive.add(77);
    await writeFile(folder.at('place', 'mbox.lock'), '77 ferry.example\n');
    runtime.readingMs = 31_000;
    const begun = runtime.monotonic();
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((tag) => deliver(mbox, MAIL, tag)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    expect(runtime.monotonic() - begun).toBeLessThan(4 * 62_000);
    await rm(folder.at('place', 'mbox.lock'));
    runtime.readingMs = 0;
    await deliver(mbox, MAIL);
    expect(parseMbox(await textOf(folder))).toEqual([STORED]);
  });

  test.each([
    [
      'put in its place',
      async (path: string) => writeFile(`${path}.new`, FOREIGN).then(() => rename(`${path}.new`, path)),
      FOREIGN,
    ],
    [
      'put in its place, and the old one kept',
      async (path: string) => rename(path, `${path}.old`).then(() => writeFile(path, FOREIGN)),
      FOREIGN,
    ],
    ['removed', async (path: string) => rm(path), ''],
  ])(
    'I2: never says that a message is safe in a file that another program has %s meanwhile',
    async (_, replace, left) => {
      await using folder = await temporaryFolder();
      const path = folder.at('place', 'mbox');
      let isReplaced = false;
      const mbox = await Mbox.open({ type: 'mbox', path }, 'x', {
        runtime: new FakeRuntime(),
        takeUnfinished: () => [],
        recordedAt: () => [],
        intend: async () => {
          if (!isReplaced) await replace(path);
          isReplaced = true;
        },
      });
      await expect(deliver(mbox, MAIL)).rejects.toMatchObject({ code: 'destination-unusable' });
      expect((await readFile(path).catch(() => '')).toString()).toBe(left);
      expect((await readFile(`${path}.old`).catch(() => '')).toString()).toBe('');
      await deliver(mbox, MAIL);
      expect(parseMbox(await textOf(folder)).at(-1)).toBe(STORED);
    },
  );

  test('holds its spool of a large message without a name', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    const draft = mbox.begin();
    const message = Buffer.alloc(600_000, 'x');
    await draft.write(message);
    expect(await readdir(folder.at('place'))).toEqual(['mbox']);
    await draft.commit({ tag: 'a1', sha256: sha256(message) });
    expect(await textOf(folder)).toHaveLength(
      'From MAILER-DAEMON Fri Jan  2 03:04:05 2026\n'.length + 600_002,
    );
  });
});

describe('I3: an append that a kill may have cut short', () => {
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

  test('is cut off when the mbox is opened, before anybody else appends', async () => {
    await using folder = await temporaryFolder();
    const { intents, after } = await appended(folder, FOREIGN, LONG);
    const path = folder.at('place', 'mbox');
    await truncate(path, after.length - 100);
    const taken = [intents, []];
    const surroundings = {
      runtime: new FakeRuntime(),
      intend: () => Promise.resolve(),
      takeUnfinished: () => taken.shift() ?? expect.fail(),
      recordedAt: () => [],
    };
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', surroundings);
    expect(await textOf(folder)).toBe(FOREIGN);
    await deliver(mbox, MAIL);
    await Mbox.open({ type: 'mbox', path }, 'x', surroundings);
    expect(await textOf(folder)).toBe(`${FOREIGN}${FROM}${STORED}\n`);
  });

  test('is not looked for, and nothing is created, where there was none', async () => {
    await using folder = await temporaryFolder();
    const mbox = await opened(folder);
    expect((await mbox.recover({ tags: new Set(['c0ffee']), intents: [] })).size).toBe(0);
    expect(await textOf(folder)).toBe('');
  });
});
