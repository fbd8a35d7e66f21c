import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scanMbox } from '../../../src/delivery/mbox/contents.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A message of an mbox, of so many octets without From_ line and the empty line after. */
function message(octets: number): string {
  return `From a@example.org Mon Jan  1 00:00:00 2024\n${'x'.repeat(octets - 1)}\n\n`;
}

test('I8: an mbox into which a program writes while it is read is read again', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  writeFileSync(path, message(100) + message(200));
  const looked: number[] = [];
  const { messages } = await scanMbox(path, (octets) => {
    // Its owner deletes the first message: the other one moves to where that stood.
    if (looked.length === 0) writeFileSync(path, message(200));
    looked.push(octets);
    return true;
  });
  expect([...messages].map(([start, { octets }]) => [start, octets])).toEqual([[0, 200]]);
});

test('an mbox into which a program never stops writing is read all the same', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  let count = 1;
  writeFileSync(path, message(100));
  const { isMbox } = await scanMbox(path, () => {
    count += 1;
    writeFileSync(path, message(100).repeat(count));
    return true;
  });
  expect(isMbox).toBe(true);
});
