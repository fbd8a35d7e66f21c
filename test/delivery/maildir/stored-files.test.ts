import { once } from 'node:events';
import fs from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { MaildirPaths } from '../../../src/delivery/maildir/paths.ts';
import { StoredFiles } from '../../../src/delivery/maildir/stored-files.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

/** A Maildir with one message, which was listed already. */
async function listed(folder: TemporaryFolder): Promise<StoredFiles> {
  for (const part of ['new', 'cur']) await mkdir(folder.at(part));
  await writeFile(folder.at('new', 'a'), 'Subject: a\n\na\n');
  const files = new StoredFiles(folder.path, 'lf');
  expect(await files.locations()).toEqual(['a']);
  return files;
}

test('a file that a mail program moves between listing and reading is read where it is now', async () => {
  await using folder = await temporaryFolder();
  const files = await listed(folder);
  await rename(folder.at('new', 'a'), folder.at('cur', 'a:2,S'));
  expect(await files.read('a')).toMatchObject({ octets: 14 });
  await rename(folder.at('cur', 'a:2,S'), folder.at('cur', 'a:2,RS'));
  expect(await files.read('a')).toMatchObject({ octets: 14 });
});

test('a file that is deleted between listing and reading is not there', async () => {
  await using folder = await temporaryFolder();
  const files = await listed(folder);
  await rm(folder.at('new', 'a'));
  expect(await files.read('a')).toBeUndefined();
});

test('I8: no message is left out while a mail program gives flags to all of them', async () => {
  await using folder = await temporaryFolder();
  for (const part of ['new', 'cur']) await mkdir(folder.at(part));
  const names = Array.from(
    { length: 4000 },
    (_, index) => `1700000000.M1P2Q${index}R00000000Uc0ffee.example`,
  );
  for (const name of names) fs.writeFileSync(folder.at('cur', `${name}:2,`), '');
  await using _program = await flagging(folder.at('cur'));
  for (let reading = 0; reading < 4; reading += 1)
    expect((await new MaildirPaths(folder.path).locations()).length).toBe(names.length);
});

/** Another thread that marks the messages of a folder as read, and as unread, for ever. */
async function flagging(path: string): Promise<AsyncDisposable> {
  const program = `
    const fs = require('node:fs');
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('ready');
    for (;;) for (const name of fs.readdirSync(workerData)) {
      const flagged = name.endsWith(':2,') ? name + 'S' : name.slice(0, -1);
      fs.renameSync(workerData + '/' + name, workerData + '/' + flagged);
    }`;
  const worker = new Worker(program, { eval: true, workerData: path });
  await once(worker, 'message');
  return { [Symbol.asyncDispose]: async () => void (await worker.terminate()) };
}

test('I7: the folders of a Maildir are read once for all who ask at the same moment, and anew after that has failed', async () => {
  await using folder = await temporaryFolder();
  const paths = new MaildirPaths(folder.path);
  const ask = (): Promise<(string | undefined)[]> =>
    Promise.all(Array.from({ length: 100 }, () => paths.pathOf('a')));
  await expect(ask()).rejects.toMatchObject({ code: 'ENOENT' });
  for (const part of ['new', 'cur']) await mkdir(folder.at(part));
  await writeFile(folder.at('cur', 'a:2,S'), '');
  const read = vi.spyOn(fs.promises, 'readdir');
  syncBuiltinESMExports();
  expect(new Set(await ask())).toEqual(new Set([folder.at('cur', 'a:2,S')]));
  expect(read.mock.calls.map(([path]) => path)).toEqual([folder.at('new'), folder.at('cur')]);
  read.mockRestore();
  syncBuiltinESMExports();
});
