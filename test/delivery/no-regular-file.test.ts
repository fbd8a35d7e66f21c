import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Receipt, StoredState } from '../../src/delivery/destination.ts';
import { Maildir } from '../../src/delivery/maildir/maildir.ts';
import { readOnly } from '../../src/delivery/read-only.ts';
import { destinationName } from '../../src/delivery/settings.ts';
import { StoredBodies } from '../../src/delivery/stored-body.ts';
import { StoredHeaders } from '../../src/delivery/stored-header.ts';
import { inThreads } from '../../src/durable/folder-calls.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { deliver } from './destination.contract.ts';
import { opened } from './mbox/mbox-place.ts';

const MAIL = Buffer.from('Subject: x\r\n\r\nHello.\r\n');

/** Nobody ever writes into it. */
const makePipe = (path: string): unknown => execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path]);

const PUT_THERE: readonly (readonly [string, (path: string) => unknown])[] = [
  ['a pipe', makePipe],
  ['a device without an end', (path) => symlink('/dev/zero', path)],
  ['a folder', (path) => mkdir(path)],
];

async function statesOf(states: AsyncIterable<StoredState>): Promise<readonly StoredState[]> {
  const all: StoredState[] = [];
  for await (const state of states) all.push(state);
  return all;
}

describe.runIf(process.platform !== 'win32')(
  'I7: what is not waited for, where a message is to be read:',
  () => {
    test.each(PUT_THERE)('%s in place of a message of a Maildir, which is unreadable', async (_, put) => {
      await using folder = await temporaryFolder();
      const settings = { type: 'maildir', path: folder.path, lineEndings: 'lf' } as const;
      const maildir = await Maildir.open(settings, destinationName(settings), new FakeRuntime(), inThreads);
      const receipts: Receipt[] = [await deliver(maildir, MAIL), await deliver(maildir, MAIL)];
      const [first = receipts[0] as Receipt] = receipts;
      await rm(folder.at('new', first.location));
      await put(folder.at('new', first.location));
      expect(await statesOf(maildir.inspect(receipts))).toEqual(['unreadable', 'intact']);
      expect(await new StoredHeaders().read(first, null)).toBeUndefined();
      expect(await new StoredBodies().has('', first)).toBe(false);
      await maildir.close();
    });

    test.each(PUT_THERE)('%s in place of an mbox, which cannot be used, and says so', async (_, put) => {
      await using folder = await temporaryFolder();
      const receipt = await deliver(await opened(folder), MAIL);
      const path = folder.at('place', 'mbox');
      await rm(path);
      await put(path);
      const records = {
        recordedAs: () => [],
        recordedAt: () => [],
        used: () => true,
        folderOf: () => undefined,
      };
      const looked = readOnly({ type: 'mbox', path }, records, 'me');
      const failure = { code: 'destination-unusable', message: expect.stringContaining(path) as string };
      await expect(statesOf(looked.inspect([receipt]))).rejects.toMatchObject(failure);
      await expect(looked.messages()[Symbol.asyncIterator]().next()).rejects.toMatchObject(failure);
      await expect(opened(folder)).rejects.toMatchObject(failure);
      const there = { ...receipt, destination: `mbox:${path}` };
      expect(await new StoredHeaders().read(there, null)).toBeUndefined();
      expect(await new StoredBodies().has('', there)).toBe(false);
    });
  },
);
