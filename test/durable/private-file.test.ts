import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { rewriteFile } from '../../src/durable/private-file.ts';
import { systemRuntime } from '../../src/runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a file that is rewritten by way of a link keeps its mode, and the link', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('file');
  await writeFile(path, 'before');
  await chmod(path, 0o640);
  await symlink('file', folder.at('link'));
  expect(await rewriteFile(folder.at('link'), { before: 'before', after: 'after' }, systemRuntime)).toBe(
    true,
  );
  expect(await readFile(path, 'utf8')).toBe('after');
  expect((await stat(path)).mode.toString(8)).toMatch(/640$/);
  expect((await readdir(folder.path)).toSorted()).toEqual([basename(path), 'link']);
});

test('a file that somebody else has changed meanwhile is left as it is', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('file'), 'theirs');
  expect(await rewriteFile(folder.at('file'), { before: 'before', after: 'after' }, systemRuntime)).toBe(
    false,
  );
  expect(await readFile(folder.at('file'), 'utf8')).toBe('theirs');
  expect(await readdir(folder.path)).toEqual(['file']);
});
