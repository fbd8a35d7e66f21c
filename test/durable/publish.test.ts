import { type FileHandle, readdir, readFile, rename } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { createExclusively } from '../../src/durable/file-writer.ts';
import type { SyncedDirectory } from '../../src/durable/fsync-directory.ts';
import { publish } from '../../src/durable/publish.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('I2: a file appears only after its data is safe, and is safe only after its folder is', async () => {
  await using folder = await temporaryFolder();
  const file = await createExclusively(folder.at('a'));
  await file.write('content');
  const steps: string[] = [];
  const names = async (): Promise<string> => (await readdir(folder.path)).join();
  const watchedFile = {
    sync: vi.fn(async () => {
      await file.sync();
      steps.push(`data while ${await names()}`);
    }),
  } as unknown as FileHandle;
  const directory = {
    sync: async () => {
      steps.push(`folder while ${await names()}`);
    },
  } as unknown as SyncedDirectory;
  await publish({ file: watchedFile, from: folder.at('a'), to: folder.at('b'), directory });
  steps.push('published');
  await file.close();
  expect(steps).toEqual(['data while a', 'folder while b', 'published']);
  expect(await readFile(folder.at('b'), 'utf8')).toBe('content');
});

test('a file whose data cannot be made safe does not appear', async () => {
  await using folder = await temporaryFolder();
  const file = await createExclusively(folder.at('a'));
  const broken = { sync: () => Promise.reject(new Error('EIO')) } as unknown as FileHandle;
  const directory = { sync: () => Promise.resolve() } as unknown as SyncedDirectory;
  await expect(
    publish({ file: broken, from: folder.at('a'), to: folder.at('b'), directory }),
  ).rejects.toThrow('EIO');
  await file.close();
  expect(await readdir(folder.path)).toEqual(['a']);
  await rename(folder.at('a'), folder.at('c'));
});
