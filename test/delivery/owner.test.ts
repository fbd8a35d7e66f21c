import { chown, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDestination } from '../../src/delivery/open-destination.ts';
import { examineDestination } from '../../src/doctor/places.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { requireRoot } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { surroundings } from './surroundings.ts';

const SOMEBODY = 4711;

/** A home folder that belongs to somebody who is not root. */
async function homeOfSomebody(folder: TemporaryFolder): Promise<string> {
  const home = folder.at('home');
  await mkdir(home);
  await chown(home, SOMEBODY, SOMEBODY);
  return home;
}

const refusal = {
  code: 'destination-unusable',
  message: expect.stringMatching(
    /belongs to another user \(uid 4711\), who could not read what root/,
  ) as string,
  hint: expect.stringContaining('Run Mailferry as that user') as string,
};

describe('I9: root, in the folder of somebody else,', () => {
  beforeEach(requireRoot);

  test.each(['', '/Mail', '/far/down/Mail'])('delivers nothing into the Maildir at ~%s', async (below) => {
    await using folder = await temporaryFolder();
    const home = await homeOfSomebody(folder);
    const settings = { type: 'maildir', path: `${home}${below}`, lineEndings: 'lf' } as const;
    await expect(openDestination(settings, surroundings())).rejects.toMatchObject(refusal);
    expect(await readdir(home)).toEqual([]);
  });

  test('makes no mbox, and appends to none that a link may lead away from', async () => {
    await using folder = await temporaryFolder();
    const home = await homeOfSomebody(folder);
    const settings = { type: 'mbox', path: `${home}/mbox` } as const;
    await expect(openDestination(settings, surroundings())).rejects.toMatchObject(refusal);
    expect(await readdir(home)).toEqual([]);
    await writeFile(settings.path, '');
    await expect(openDestination(settings, surroundings())).rejects.toMatchObject(refusal);
  });

  test('appends to the mbox of somebody else in a folder of its own, as in /var/mail', async () => {
    await using folder = await temporaryFolder();
    const settings = { type: 'mbox', path: folder.at('somebody') } as const;
    await writeFile(settings.path, '');
    await chown(settings.path, SOMEBODY, SOMEBODY);
    await (await openDestination(settings, surroundings())).close();
    expect((await stat(settings.path)).uid).toBe(SOMEBODY);
  });

  test('is told so by the doctor, also where nothing is yet', async () => {
    await using folder = await temporaryFolder();
    const home = await homeOfSomebody(folder);
    const settings = { type: 'maildir', path: `${home}/Mail`, lineEndings: 'lf' } as const;
    const question = { account: 'home', runtime: new FakeRuntime(), ledger: undefined, octets: 0 };
    expect(await examineDestination(settings, question)).toMatchObject({
      state: 'wrong',
      found: refusal.message,
    });
    expect(await readdir(home)).toEqual([]);
  });
});
