import { open, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cutBack } from '../../../src/delivery/mbox/append.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each([
  ['is cut off', 'before|ours, ha', 'before|'],
  ['is cut off where nothing was written behind what the system has taken', 'before|ours, ', 'before|'],
  ['that had not begun leaves all as it is', 'before|', 'before|'],
  ['stays when somebody else has written behind it', 'before|ours, half|theirs', 'before|ours, half|theirs'],
  ['stays when somebody else has written behind a part of it', 'before|ours, hers', 'before|ours, hers'],
  ['is not looked for where the file has become shorter', 'befo', 'befo'],
])('an append that failed %s', async (_, text, expected) => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('mbox'), text);
  await using file = await open(folder.at('mbox'), 'r+');
  const written = { to: 'before|ours, '.length, pending: Buffer.from('half|') };
  await cutBack(file, { from: 'before|'.length, ...written });
  expect(await readFile(folder.at('mbox'), 'utf8')).toBe(expected);
});
