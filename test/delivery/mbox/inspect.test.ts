import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../../src/delivery/destination.ts';
import { Mbox } from '../../../src/delivery/mbox/mbox.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver } from '../destination.contract.ts';
import { surroundings } from '../surroundings.ts';

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
    const mbox = await Mbox.open({ type: 'mbox', path }, 'x', surroundings());
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

interface Others {
  readonly isRecorded?: boolean;
  readonly isAsked?: boolean;
}

/** What is said of the first of these once the mbox was changed. Others are asked for too, or are known by their records, or not. */
async function stateOfFirst(...stored: Parameters<typeof statesOf>): Promise<string | undefined> {
  return (await statesOf(...stored))[0];
}

/** The same of all that are asked for. */
async function statesOf(
  messages: readonly string[],
  change: (text: string, receipts: readonly Receipt[]) => string,
  { isRecorded = true, isAsked = false }: Others = {},
): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  const receipts: Receipt[] = [];
  const mbox = await Mbox.open({ type: 'mbox', path }, 'x', {
    ...surroundings(),
    recordedAs: (hashes) => (isRecorded ? receipts.filter(({ sha256 }) => hashes.includes(sha256)) : []),
  });
  for (const message of messages) receipts.push(await deliver(mbox, Buffer.from(message)));
  await writeFile(path, change(await readFile(path, 'latin1'), receipts), 'latin1');
  const states: string[] = [];
  for await (const state of mbox.inspect(isAsked ? receipts : receipts.slice(0, 1))) states.push(state);
  return states;
}

const mail = (name: string): string => `Subject: ${name}\r\n\r\nHello.\r\n`;
const withoutFirst = (text: string): string => text.slice(text.indexOf('\nFrom ') + 1);
const NULS = `Subject: nuls\r\n\r\na${'\0'.repeat(40)}b\r\n`;

describe('a message that its owner has deleted from an mbox', () => {
  test.each<[string, string, Others]>([
    ['is recorded', 'missing', {}],
    ['is asked for as well', 'missing', { isRecorded: false, isAsked: true }],
    ['is not known', 'changed', { isRecorded: false }],
  ])('of the same size as what stands in its place now, which %s, is %s', async (_, state, known) => {
    const messages = ['a', 'b', 'c'].map(mail);
    expect(await stateOfFirst(messages, withoutFirst, known)).toBe(state);
  });

  test.each<[string, string, (text: string) => string]>([
    ['as it was delivered', 'missing', withoutFirst],
    [
      'as a mail program has marked it',
      'missing',
      (text) => withoutFirst(text).replace('nuls\n', 'nuls\nStatus: RO\n'),
    ],
    ['and one octet of that is another', 'changed', (text) => withoutFirst(text).replace('a\0', 'b\0')],
    [
      'and NULs stand in other mail',
      'changed',
      (text) => `${withoutFirst(text)}${FOREIGN.replace('Mine.', '\0'.repeat(40))}`,
    ],
  ])(
    'is told from mail that has come with NULs, which stands there %s: it is %s',
    async (_, state, change) => {
      expect(await stateOfFirst([mail('first'), NULS, mail('x')], change)).toBe(state);
    },
  );

  test('is intact beside NULs, wherever these stand, across blocks of the file too', async () => {
    const nuls = `Subject: nuls\r\n\r\n${'x'.repeat(65_536)}${'\0'.repeat(200_000)}\r\n`;
    expect(await stateOfFirst([mail('a'), nuls], (text) => text)).toBe('intact');
    expect(await stateOfFirst([mail('first'), nuls, mail('x')], withoutFirst)).toBe('missing');
    expect(await stateOfFirst([mail('first'), nuls, mail('x')], withoutFirst, { isRecorded: false })).toBe(
      'changed',
    );
  });
});

describe('of messages that equal each other to the last octet', () => {
  const TWINS = ['same', 'other', 'same'].map(mail);

  test('each is intact where it stands, and where all of them have moved', async () => {
    const all = ['intact', 'intact', 'intact'];
    expect(await statesOf(TWINS, (text) => text, { isAsked: true })).toEqual(all);
    expect(await statesOf(TWINS, (text) => FOREIGN + text, { isAsked: true })).toEqual(all);
  });

  test.each<[string, readonly string[], (text: string) => string]>([
    ['the first was deleted', ['missing', 'intact', 'intact'], withoutFirst],
    ['one octet of the first is another', ['changed', 'intact', 'intact'], (text) => text.replace('H', 'h')],
    [
      'the last was deleted',
      ['intact', 'intact', 'missing'],
      (text) => text.slice(0, text.lastIndexOf('From ')),
    ],
  ])('one copy is not taken for two, where %s', async (_, states, change) => {
    expect((await statesOf(TWINS, change, { isAsked: true })).toSorted()).toEqual(states.toSorted());
  });

  test('one that has changed is not taken for another that is only recorded', async () => {
    expect(await stateOfFirst(TWINS, (text) => text.replace('H', 'h'))).toBe('changed');
  });
});
