import { open, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cutBack } from '../../../src/delivery/mbox/append.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each([
  ['is cut off', 'before|ours, ha', 'before|'],
  ['that had not begun leaves all as it is', 'before|', 'before|'],
  ['stays when somebody else has written behind it', 'before|ours, half|theirs', 'before|ours, half|theirs'],
  ['is not looked for where the file has become shorter', 'befo', 'befo'],
])('an append that failed %s', async (_, text, expected) => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('mbox'), text);
  await using file = await open(folder.at('mbox'), 'r+');
  await cutBack(file, { from: 'before|'.length, to: 'before|ours, half|'.length });
  expect(await readFile(folder.at('mbox'), 'utf8')).toBe(expected);
});
