import fs, { readlinkSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import type { Intent, Receipt } from '../../../src/delivery/destination.ts';
import { Mbox } from '../../../src/delivery/mbox/mbox.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver, destinationContract } from '../destination.contract.ts';
import { sha256 } from '../sha256.ts';
import { surroundings } from '../surroundings.ts';
import { FOREIGN, FROM, MAIL, opened, parseMbox, STORED, textOf } from './mbox-place.ts';

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

  test.runIf(process.platform === 'linux')(
    'I2: behind a link is durable in the folder that it is in, not in that of the link',
    async () => {
      await using folder = await temporaryFolder();
      await mkdir(folder.at('disk'));
      await mkdir(folder.at('place'));
      await symlink(folder.at('disk', 'inbox'), folder.at('place', 'mbox'));
      const synced: string[] = [];
      const { fsync } = fs;
      const spy = vi.spyOn(fs, 'fsync').mockImplementation((file, done) => {
        synced.push(readlinkSync(`/proc/self/fd/${file}`));
        fsync(file, done);
      });
      syncBuiltinESMExports();
      await deliver(await opened(folder), MAIL);
      spy.mockRestore();
      syncBuiltinESMExports();
      expect(synced).toContain(folder.at('disk'));
    },
  );

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
      ...surroundings(),
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
      ...surroundings(),
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
      ...surroundings(),
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
        ...surroundings(),
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
