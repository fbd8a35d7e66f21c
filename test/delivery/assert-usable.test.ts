import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assertUsable } from '../../src/delivery/assert-usable.ts';
import { openDestination } from '../../src/delivery/open-destination.ts';
import type { PlaceSettings } from '../../src/delivery/settings.ts';
import { asMailError, MailError } from '../../src/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { surroundings } from './surroundings.ts';

type Place = (folder: string) => PlaceSettings;
const maildir =
  (...names: string[]): Place =>
  (folder) => ({ type: 'maildir', path: join(folder, ...names), lineEndings: 'lf' });
const mbox =
  (...names: string[]): Place =>
  (folder) => ({ type: 'mbox', path: join(folder, ...names) });
const file =
  (text = 'x\n') =>
  (path: string): Promise<void> =>
    writeFile(path, text);

/** What is wrong with a place, at the path `x` of a folder. */
const BROKEN: readonly (readonly [string, Place, (path: string) => unknown])[] = [
  ['a Maildir that is a file', maildir('x'), file()],
  ['a Maildir whose parent is a file', maildir('x', 'm'), file()],
  [
    'a Maildir with a file in it for a folder',
    maildir('x'),
    (path) => mkdir(path).then(() => file()(`${path}/new`)),
  ],
  ['a Maildir whose link leads to itself', maildir('x'), (path) => symlink('x', path)],
  ['an mbox that is a folder', mbox('x'), (path) => mkdir(path)],
  ['an mbox that is a pipe', mbox('x'), (path) => execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path])],
  ['an mbox that is a device', mbox('x'), (path) => symlink('/dev/null', path)],
  ['an mbox that is something else', mbox('x'), file('SQLite format 3')],
  ['an mbox whose parent is a file', mbox('x', 'm'), file()],
];

/** For who is not root. */
const FORBIDDEN: typeof BROKEN = [
  ['a Maildir into which nobody may write', maildir('x'), (path) => mkdir(path, { mode: 0o500 })],
  ['a Maildir where nobody may make one', maildir('x', 'y', 'm'), (path) => mkdir(path, { mode: 0o500 })],
  ['an mbox that may only be read', mbox('x'), (path) => file('')(path).then(() => chmod(path, 0o400))],
  ['an mbox where no lock may be made', mbox('x', 'm'), (path) => mkdir(path, { mode: 0o500 })],
];

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const { code, message, hint } = await work.then(() => new MailError('internal', 'no failure'), asMailError);
  return { code, message, hint };
}

describe('what a dry run says of a place is what a poll says', () => {
  const isRoot = process.geteuid?.() === 0;

  test.each([...BROKEN, ...(isRoot ? [] : FORBIDDEN)])('%s', async (_, place, make) => {
    await using folder = await temporaryFolder();
    await make(folder.at('x'));
    const settings = place(folder.path);
    const known = { usedBefore: false, account: 'me', folder: undefined };
    const looked = await failureOf(assertUsable(settings, known));
    expect(looked).toMatchObject({ code: 'destination-unusable' });
    const opened = openDestination(settings, { ...surroundings(), spoolFolder: folder.path });
    expect(looked).toEqual(await failureOf(opened));
  });

  test.each([maildir('x'), maildir('not', 'there'), mbox('x'), mbox('not', 'there')])(
    'nothing of one that is not there yet, and makes nothing: %#',
    async (place) => {
      await using folder = await temporaryFolder();
      await assertUsable(place(folder.path), { usedBefore: false, account: 'me', folder: undefined });
      expect(await readdir(folder.path)).toEqual([]);
    },
  );

  test.each([maildir('x'), mbox('x', 'm')])(
    'of one that was used and is not there any more: %#',
    async (place) => {
      await using folder = await temporaryFolder();
      const known = { usedBefore: true, account: 'me', folder: undefined };
      expect(await failureOf(assertUsable(place(folder.path), known))).toMatchObject({
        code: 'destination-unusable',
        hint: expect.stringContaining('mailferry refetch me') as string,
      });
    },
  );
});
