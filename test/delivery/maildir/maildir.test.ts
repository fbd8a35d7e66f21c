import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import type { Receipt, StoredState } from '../../../src/delivery/destination.ts';
import { Maildir } from '../../../src/delivery/maildir/maildir.ts';
import { deliveredAt, isLeftover, MaildirNames, tagOf } from '../../../src/delivery/maildir/names.ts';
import type { LineEndings } from '../../../src/delivery/settings.ts';
import { callsFor } from '../../../src/durable/folder-calls.ts';
import { SyncedDirectory } from '../../../src/durable/fsync-directory.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver, destinationContract, MESSAGES } from '../destination.contract.ts';
import { sha256 } from '../sha256.ts';

const MAIL = Buffer.from('Subject: x\r\n\r\nHello.\r\n');

async function readMaildir(folder: TemporaryFolder): Promise<Buffer[]> {
  const names = [];
  for (const part of ['new', 'cur']) {
    for (const name of await readdir(folder.at('place', part))) names.push(folder.at('place', part, name));
  }
  return Promise.all(names.map((name) => readFile(name)));
}

async function opened(
  folder: TemporaryFolder,
  lineEndings: LineEndings = 'lf',
  runtime = new FakeRuntime(),
): Promise<Maildir> {
  const path = folder.at('place');
  return Maildir.open(
    { type: 'maildir', path, lineEndings },
    `maildir:${path}`,
    runtime,
    await callsFor(path),
  );
}

const fileOf = (folder: TemporaryFolder, { location }: Receipt): Promise<Buffer> =>
  readFile(folder.at('place', 'new', location));

destinationContract({
  name: 'a Maildir with LF',
  open: (folder) => opened(folder, 'lf'),
  stored: (message) => Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
  read: readMaildir,
  at: fileOf,
});

destinationContract({
  name: 'a Maildir that keeps line ends',
  open: (folder) => opened(folder, 'as-received'),
  stored: (message) => message,
  read: readMaildir,
  at: fileOf,
});

describe('a Maildir', () => {
  test('I2: that another one has taken the place of has nothing delivered, and the other one neither', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    await deliver(maildir, MAIL, 'c0ffee');
    await rename(folder.at('place'), folder.at('old'));
    for (const part of ['tmp', 'new', 'cur']) await mkdir(folder.at('place', part), { recursive: true });
    await expect(deliver(maildir, MAIL, 'decaf')).rejects.toMatchObject({ code: 'destination-unusable' });
    expect(await readMaildir(folder)).toEqual([]);
    expect(await readdir(folder.at('old', 'new'))).toHaveLength(1);
    await maildir.close();
  });

  test('is made, private to the user, with the folders above it', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('a', 'b', 'Mail');
    const maildir = await Maildir.open(
      { type: 'maildir', path, lineEndings: 'lf' },
      'x',
      new FakeRuntime(),
      await callsFor(path),
    );
    expect((await readdir(path)).sort()).toEqual(['cur', 'new', 'tmp']);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await deliver(maildir, MAIL);
    const [name = ''] = await readdir(folder.at('a', 'b', 'Mail', 'new'));
    expect((await stat(folder.at('a', 'b', 'Mail', 'new', name))).mode & 0o777).toBe(0o600);
    await maildir.close();
  });

  test.each(['', 'new', 'tmp'])('cannot be opened where %j of it is a file', async (part) => {
    await using folder = await temporaryFolder();
    if (part !== '') await mkdir(folder.at('place'));
    await writeFile(folder.at('place', part), 'mine');
    await expect(opened(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^destination-/) as string,
    });
    expect(await readFile(folder.at('place', part), 'utf8')).toBe('mine');
  });

  test('names a message by time, process, tag, host and size', async () => {
    await using folder = await temporaryFolder();
    const runtime = new FakeRuntime();
    runtime.time = Date.UTC(2100, 0, 2, 3, 4, 5, 678);
    const maildir = await opened(folder, 'lf', runtime);
    const { location } = await deliver(maildir, MAIL, 'c0ffee');
    expect(location).toMatch(/^4102542245\.M678000P4242Q\d+R[0-9a-f]{8}Uc0ffee\.ferry\.example,S=19$/);
    expect(location).not.toContain(':');
    await maildir.close();
  });

  test('opened twice at the same time both get rid of the same leftover', async () => {
    await using folder = await temporaryFolder();
    await (await opened(folder)).close();
    for (let count = 0; count < 50; count += 1) {
      await leave(folder, `1.M1P99Q1R0000${String(count).padStart(4, '0')}U0.ferry.example`, 0);
    }
    const both = await Promise.all([opened(folder), opened(folder), opened(folder)]);
    expect(await readdir(folder.at('place', 'tmp'))).toEqual([]);
    for (const maildir of both) await maildir.close();
  });
});

async function leave(folder: TemporaryFolder, name: string, modifiedAt: number): Promise<void> {
  await writeFile(folder.at('place', 'tmp', name), 'half a mess');
  await utimes(folder.at('place', 'tmp', name), modifiedAt / 1000, modifiedAt / 1000);
}

describe('what a killed process left in tmp', () => {
  const OLD = Date.UTC(2019, 0, 1);
  const YOUNG = Date.UTC(2026, 0, 3);

  test.each([
    ['of a dead process', '1.M1P99Q1R00000001U0.ferry.example', OLD],
    ['of a process that had our process id', '1.M1P4242Q1R00000001U0.ferry.example', OLD],
  ])('%s is removed', async (_, name, modifiedAt) => {
    await using folder = await temporaryFolder();
    await (await opened(folder)).close();
    await leave(folder, name, modifiedAt);
    await (await opened(folder)).close();
    expect(await readdir(folder.at('place', 'tmp'))).toEqual([]);
  });

  test.each([
    ['of a living process', '1.M1P77Q1R00000001U0.ferry.example', OLD],
    ['of this very process', '1.M1P4242Q1R00000001U0.ferry.example', YOUNG],
    ['of a dead process, but younger than we are', '1.M1P99Q1R00000001U0.ferry.example', YOUNG],
    ['of another host', '1.M1P99Q1R00000001U0.other.example', OLD],
    ['of another program', '1.M1P99Q1.ferry.example', OLD],
    ['of a person', 'notes.txt', OLD],
  ])('%s stays', async (_, name, modifiedAt) => {
    await using folder = await temporaryFolder();
    const runtime = new FakeRuntime();
    runtime.alive.add(77);
    await (await opened(folder)).close();
    await leave(folder, name, modifiedAt);
    await (await opened(folder, 'lf', runtime)).close();
    expect(await readdir(folder.at('place', 'tmp'))).toEqual([name]);
  });
});

async function recovered(maildir: Maildir): Promise<Receipt | undefined> {
  return (await maildir.recover({ tags: new Set(['c0ffee']), intents: [] })).get('c0ffee')?.receipt;
}

describe('I3: what had become visible', () => {
  test('is found by its tag, with a receipt of what is stored', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    const { location, octets } = await deliver(maildir, MAIL, 'c0ffee');
    await deliver(maildir, MAIL, 'c0ffef');
    const stored = await readFile(folder.at('place', 'new', location));
    const expected = { destination: maildir.name, location, octets, sha256: sha256(stored) };
    expect(await recovered(maildir)).toEqual(expected);
    await maildir.close();
  });

  test('is not taken for what is recorded under the same tag', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    const first = await deliver(maildir, MAIL, 'c0ffee');
    const second = await deliver(maildir, MAIL, 'c0ffee');
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const recorded = new Set([one.location]);
      const found = await maildir.recover({ tags: new Set(['c0ffee']), recorded, intents: [] });
      expect(found.get('c0ffee')?.receipt.location).toBe(other.location);
    }
    await maildir.close();
  });

  test('is made durable before it is said to be there', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    await deliver(maildir, MAIL, 'c0ffee');
    const sync = vi.spyOn(SyncedDirectory.prototype, 'sync');
    await recovered(maildir);
    expect(sync).toHaveBeenCalledTimes(1);
    sync.mockRestore();
    await maildir.close();
  });

  test('is found also when a mail program has taken it to cur and set flags', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    const receipt = await deliver(maildir, MAIL, 'c0ffee');
    await rename(
      folder.at('place', 'new', receipt.location),
      folder.at('place', 'cur', `${receipt.location}:2,RS`),
    );
    expect(await recovered(maildir)).toMatchObject({ location: receipt.location, octets: receipt.octets });
    await maildir.close();
  });

  test('is not taken from tmp, nor from a file that only looks like it', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    await leave(folder, '1.M1P99Q1R00000001Uc0ffee.other.example', 0);
    await writeFile(folder.at('place', 'new', 'Uc0ffee.example'), '');
    expect((await maildir.recover({ tags: new Set(['c0ffee']), intents: [] })).size).toBe(0);
    await maildir.close();
  });
});

describe('what is stored', () => {
  test('is known again when a mail program has moved it and set flags', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    const receipt = await deliver(maildir, MAIL);
    const { location } = receipt;
    await rename(folder.at('place', 'new', location), folder.at('place', 'cur', `${location}:2,S`));
    expect(await statesOf(maildir, [receipt])).toEqual(['intact']);
    await writeFile(folder.at('place', 'cur', `${location}:2,S`), 'Subject: x\n\nHullo.\n');
    expect(await statesOf(maildir, [receipt])).toEqual(['changed']);
    // As mbsync does.
    await rename(
      folder.at('place', 'cur', `${location}:2,S`),
      folder.at('place', 'cur', `${location},U=7:2,S`),
    );
    expect(await statesOf(maildir, [receipt])).toEqual(['changed']);
    await maildir.close();
  });

  test('does not keep the rest from being looked at where it cannot be read', async () => {
    await using folder = await temporaryFolder();
    const maildir = await opened(folder);
    const receipts = [await deliver(maildir, MAIL), await deliver(maildir, MAIL)];
    const path = folder.at('place', 'new', receipts[0]?.location ?? '');
    await rm(path);
    // Cannot be read by root either.
    await mkdir(path);
    expect(await statesOf(maildir, receipts)).toEqual(['unreadable', 'intact']);
    await maildir.close();
  });

  test.each([
    ['without bare LF', 'Subject: x\r\n\r\nHello\r\r\nCR\rCR\r\n', 'crlf'],
    ['with one', 'Subject: x\r\n\r\nHello\nagain\r\n', undefined],
    ['with one behind more than is held in memory', `${'0123456789\r\n'.repeat(50_000)}x\ny`, undefined],
  ])(
    'is proven by the hash of what was received, where that can be had back: mail %s',
    async (_, text, hashOf) => {
      await using folder = await temporaryFolder();
      const maildir = await opened(folder);
      const message = Buffer.from(text);
      const receipt = await deliver(maildir, message);
      const path = folder.at('place', 'new', receipt.location);
      const stored = await readFile(path);
      expect(receipt).toMatchObject({ sha256: sha256(hashOf === 'crlf' ? message : stored) });
      expect(receipt.hashOf).toBe(hashOf);
      // The setting may be another one by then.
      const other = await opened(folder, 'as-received');
      for (const one of [maildir, other]) expect(await statesOf(one, [receipt])).toEqual(['intact']);
      await writeFile(path, `${stored.toString('latin1')}.`);
      for (const one of [maildir, other]) expect(await statesOf(one, [receipt])).toEqual(['changed']);
      await maildir.close();
      await other.close();
    },
  );

  test.each(['lf', 'as-received'] as const)(
    'is said to have been received only as it was, if at all (%s)',
    async (lineEndings) => {
      for (const [what, message] of MESSAGES) {
        await using folder = await temporaryFolder();
        const maildir = await opened(folder, lineEndings);
        await deliver(maildir, message, 'c0ffee');
        const found = (await maildir.recover({ tags: new Set(['c0ffee']), intents: [] })).get('c0ffee');
        const { octets, sha256: hash } = found?.received ?? {
          octets: message.length,
          sha256: sha256(message),
        };
        const hasBareLf = /(?<!\r)\n/.test(message.toString('latin1'));
        if (lineEndings === 'as-received' || !hasBareLf) {
          expect([octets, hash], what).toEqual([message.length, sha256(message)]);
        }
        await maildir.close();
      }
    },
  );
});

test('a Maildir that has gone cannot be re-read, which is its error and not one of the program', async () => {
  await using folder = await temporaryFolder();
  const maildir = await opened(folder);
  const receipt = await deliver(maildir, MAIL);
  await rm(folder.at('place'), { recursive: true });
  await expect(statesOf(maildir, [receipt])).rejects.toMatchObject({
    code: 'destination-unusable',
    message: expect.stringMatching(/^Cannot read .*(?:new|cur): no such file or folder\.$/),
  });
  await maildir.close();
});

async function statesOf(maildir: Maildir, receipts: readonly Receipt[]): Promise<StoredState[]> {
  const states: StoredState[] = [];
  for await (const state of maildir.inspect(receipts)) states.push(state);
  return states;
}

test('a Maildir that has gone cannot be searched, and says so', async () => {
  await using folder = await temporaryFolder();
  const maildir = await opened(folder);
  await rm(folder.at('place'), { recursive: true });
  await expect(recovered(maildir)).rejects.toMatchObject({ code: 'destination-unusable' });
  await maildir.close();
});

describe('names in a Maildir', () => {
  test('are never the same, also at the same time', () => {
    const names = new MaildirNames(new FakeRuntime());
    const made = Array.from({ length: 100 }, () => names.next('0'));
    expect(new Set(made).size).toBe(100);
  });

  test('have no time before their folder was made, and are never the same, though the clock stands before it', () => {
    const runtime = new FakeRuntime();
    const madeAt = runtime.time + 86_400_000.25;
    runtime.randomHex = () => 'abcd';
    // Each opens the folder once, as each poll does.
    const next = (): string => new MaildirNames(runtime, madeAt).next('f0');
    const first = next();
    runtime.time += 1;
    const second = next();
    expect(deliveredAt(first)).toBe(Math.ceil(madeAt));
    expect(tagOf(first)).toBe('f0');
    expect(second).not.toBe(first);
    runtime.time += 2 * 86_400_000;
    expect(deliveredAt(next())).toBe(runtime.time);
  });

  test.each([
    ['a/b', 'a\\057b'],
    ['a:2,S', 'a\\0722_S'],
  ])('hold a host called %j without harm', (hostName, expected) => {
    const runtime = new FakeRuntime();
    runtime.hostName = hostName;
    const name = new MaildirNames(runtime).next('0');
    expect(name.endsWith(`.${expected}`)).toBe(true);
    expect(tagOf(name)).toBe('0');
    expect(isLeftover(name.replace('P4242', 'P99'), 0, runtime)).toBe(true);
  });
});
