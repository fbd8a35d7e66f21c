import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
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
