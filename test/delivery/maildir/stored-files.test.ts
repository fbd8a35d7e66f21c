import fs from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
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
