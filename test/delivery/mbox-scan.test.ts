import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/delivery/destination.ts';
import { Mbox } from '../../src/delivery/mbox.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { deliver } from './destination.contract.ts';

const MAIL = Buffer.from('Subject: x\r\n\r\nHello.\r\n');
const LARGE = Buffer.from(`Subject: large\r\n\r\n${'x'.repeat(200)}\r\n`);
const FOREIGN = 'From bob@c.example Sat Jan  3 10:11:12 2026\nSubject: foreign\n\nMine.\n\n';

const at = ({ location }: Receipt): number => Number(location);
const endOf = (receipt: Receipt, text: string): number =>
  text.indexOf('\n', at(receipt)) + 1 + receipt.octets + 1;

describe('what is stored in an mbox', () => {
  /** What is said of LARGE, delivered between two others, when the mbox was changed. */
  async function stateAfter(
    change: (path: string, text: string, receipt: Receipt) => Promise<unknown>,
  ): Promise<string[]> {
    await using folder = await temporaryFolder();
    const path = folder.at('mbox');
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', {
      runtime: new FakeRuntime(),
      intend: () => Promise.resolve(),
      takeUnfinished: () => [],
      recordedAt: () => [],
      recordedAs: () => [],
    });
    await deliver(mbox, MAIL);
    const receipt = await deliver(mbox, LARGE);
    await deliver(mbox, Buffer.from('Subject: last\r\n\r\n'));
    await change(path, await readFile(path, 'latin1'), receipt);
    const states: string[] = [];
    for await (const state of mbox.inspect([receipt])) states.push(state);
    return states;
  }

  test.each<[string, (text: string, receipt: Receipt) => string]>([
    ['is where it was', (text) => text],
    ['has moved, since one before it was deleted', (text, receipt) => text.slice(at(receipt))],
    ['has moved behind other mail', (text) => FOREIGN + text],
  ])('is intact when it %s', async (_, change) => {
    const states = await stateAfter((path, text, receipt) => writeFile(path, change(text, receipt)));
    expect(states).toEqual(['intact']);
  });

  test.each<[string, (text: string, receipt: Receipt) => string]>([
    ['it was deleted', (text, receipt) => text.slice(0, at(receipt)) + text.slice(endOf(receipt, text))],
    ['it was deleted with all behind it', (text, receipt) => text.slice(0, at(receipt))],
    ['the mbox was emptied', () => ''],
    ['other mail is in the mbox', () => FOREIGN],
  ])('is missing when %s', async (_, change) => {
    const states = await stateAfter((path, text, receipt) => writeFile(path, change(text, receipt)));
    expect(states).toEqual(['missing']);
  });

  test.each<[string, (text: string, receipt: Receipt) => string]>([
    ['one octet of it is another', (text) => text.replace('Subject: large', 'Subject: barge')],
    [
      'NULs stand in place of all but the first octets of the mbox',
      (text) => text.slice(0, 20) + '\0'.repeat(text.length - 20),
    ],
    [
      'NULs stand in place of it and what is behind it',
      (text, receipt) => text.slice(0, at(receipt)) + '\0'.repeat(text.length - at(receipt)),
    ],
    [
      'NULs stand in place of its end and what is behind it',
      (text, receipt) => text.slice(0, at(receipt) + 100) + '\0'.repeat(text.length - at(receipt) - 100),
    ],
    ['the mbox is no mbox any more', () => 'SQLite format 3'],
  ])('is changed when %s', async (_, change) => {
    const states = await stateAfter((path, text, receipt) => writeFile(path, change(text, receipt)));
    expect(states).toEqual(['changed']);
  });

  test('is not said to have been handed over when there is no mbox', async () => {
    expect(await stateAfter((path) => rm(path))).toEqual(['changed']);
  });

  test('cannot be told when the mbox cannot be read, and it says so', async () => {
    const states = stateAfter((path) => rm(path).then(() => mkdir(path)));
    await expect(states).rejects.toMatchObject({ code: 'destination-unusable' });
  });
});
