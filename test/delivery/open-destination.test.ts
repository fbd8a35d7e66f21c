import fs from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import { deliveryFailed } from '../../src/delivery/errors.ts';
import { openDestination } from '../../src/delivery/open-destination.ts';
import { destinationName } from '../../src/delivery/settings.ts';
import type { FolderMark } from '../../src/durable/file-mark.ts';
import { MailError } from '../../src/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { surroundings } from './surroundings.ts';

describe('openDestination', () => {
  test('I7: looks for the file system where the destination is', async () => {
    await using folder = await temporaryFolder();
    const statfs = vi.spyOn(fs.promises, 'statfs');
    syncBuiltinESMExports();
    const settings = { type: 'maildir', path: folder.at('Mail'), lineEndings: 'lf' } as const;
    const destination = await openDestination(settings, surroundings());
    expect(statfs.mock.calls.map(([path]) => path)).toEqual([settings.path, folder.path]);
    await destination.close();
    statfs.mockRestore();
    syncBuiltinESMExports();
  });

  test('creates what is missing where nothing was delivered before', async () => {
    await using folder = await temporaryFolder();
    const settings = { type: 'maildir', path: folder.at('Mail'), lineEndings: 'lf' } as const;
    const destination = await openDestination(settings, surroundings());
    expect(destination.name).toBe(destinationName(settings));
    await destination.close();
    await openDestination({ type: 'mbox', path: folder.at('a', 'mbox') }, surroundings());
    expect((await readdir(folder.path)).sort()).toEqual(['Mail', 'a']);
  });

  test.each(['maildir', 'mbox'] as const)('does not create a %s again that has gone', async (type) => {
    await using folder = await temporaryFolder();
    const path = folder.at('disk', 'mail');
    const settings = type === 'mbox' ? { type, path } : { type, path, lineEndings: 'lf' as const };
    const around = { ...surroundings(), usedBefore: true, account: 'home' };
    await expect(openDestination(settings, around)).rejects.toMatchObject({
      code: 'destination-unusable',
      hint: expect.stringMatching(/mkdir -p .* mailferry refetch home$/) as string,
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.each(['maildir', 'mbox'] as const)(
    'takes an empty mount point for a %s that has gone',
    async (type) => {
      await using folder = await temporaryFolder();
      const path = type === 'mbox' ? folder.at('disk', 'mail') : folder.at('disk');
      await mkdir(folder.at('disk'));
      const settings = type === 'mbox' ? { type, path } : { type, path, lineEndings: 'lf' as const };
      await expect(openDestination(settings, { ...surroundings(), usedBefore: true })).rejects.toMatchObject({
        code: 'destination-unusable',
      });
      expect(await readdir(folder.at('disk'))).toEqual([]);
    },
  );

  test('I1: takes a link that leads nowhere for an mbox whose disk is not mounted, whatever is beside the link or there', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('disk'));
    await symlink('disk/inbox', folder.at('link'));
    await symlink(folder.at('link'), folder.at('inbox'));
    const used = (): ReturnType<typeof openDestination> =>
      openDestination({ type: 'mbox', path: folder.at('inbox') }, { ...surroundings(), usedBefore: true });
    const refusal = {
      code: 'destination-unusable',
      hint: expect.stringContaining(
        `mkdir -p ${folder.at('disk')}; touch ${folder.at('disk', 'inbox')}.`,
      ) as string,
    };
    await expect(used()).rejects.toMatchObject(refusal);
    expect(await readdir(folder.at('disk'))).toEqual([]);
    await writeFile(folder.at('disk', 'sent'), '');
    await expect(used()).rejects.toMatchObject(refusal);
    await writeFile(folder.at('disk', 'inbox'), '');
    await (await used()).close();
  });

  test('does not follow links for ever that lead to one another', async () => {
    await using folder = await temporaryFolder();
    await symlink('b', folder.at('a'));
    await symlink('a', folder.at('b'));
    const opening = openDestination(
      { type: 'mbox', path: folder.at('a') },
      { ...surroundings(), usedBefore: true },
    );
    await expect(opening).rejects.toMatchObject({ code: 'destination-unusable' });
  });

  test('opens a used Maildir that is there, and makes what it lacks', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('Mail', 'cur'), { recursive: true });
    const settings = { type: 'maildir', path: folder.at('Mail'), lineEndings: 'lf' } as const;
    await (await openDestination(settings, { ...surroundings(), usedBefore: true })).close();
    expect((await readdir(folder.at('Mail'))).sort()).toEqual(['cur', 'new', 'tmp']);
  });

  test.each([
    ['that is there', 'mbox'],
    ['that a mail program has removed, other mail being beside it', 'sent'],
  ])('opens a used mbox %s', async (_, there) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at(there), '');
    await (
      await openDestination(
        { type: 'mbox', path: folder.at('mbox') },
        { ...surroundings(), usedBefore: true },
      )
    ).close();
    expect(await readdir(folder.path)).toContain('mbox');
  });
});

/** A ledger that knows of the folder of an mbox what was noted last. */
function ledger(): { marks: FolderMark[]; around: typeof surroundings } {
  const marks: FolderMark[] = [];
  const note = async (mark: FolderMark): Promise<void> => void marks.push(mark);
  const around = (): ReturnType<typeof surroundings> => ({
    ...surroundings(),
    usedBefore: true,
    folder: { known: marks.at(-1), note },
  });
  return { marks, around };
}

describe('the folder of an mbox', () => {
  test('is noted when it is opened, and again only when it is another one', async () => {
    await using folder = await temporaryFolder();
    const { marks, around } = ledger();
    await mkdir(folder.at('disk'));
    const settings = { type: 'mbox', path: folder.at('disk', 'mbox') } as const;
    await writeFile(settings.path, '');
    for (let times = 0; times < 2; times += 1) await openDestination(settings, around());
    expect(marks).toHaveLength(1);
    await rename(folder.at('disk'), folder.at('old disk'));
    await mkdir(folder.at('disk'));
    await writeFile(settings.path, '');
    for (let times = 0; times < 2; times += 1) await openDestination(settings, around());
    expect(marks).toHaveLength(2);
  });

  test('I1: is not the mount point that holds another file, while its disk is not mounted', async () => {
    await using folder = await temporaryFolder();
    const { around } = ledger();
    await mkdir(folder.at('mounted'));
    const settings = { type: 'mbox', path: folder.at('disk', 'mbox') } as const;
    await symlink('mounted', folder.at('disk'));
    await writeFile(settings.path, '');
    await openDestination(settings, around());
    await rm(folder.at('disk'));
    await mkdir(folder.at('disk'));
    await writeFile(folder.at('disk', 'no disk is mounted here'), '');
    await expect(openDestination(settings, around())).rejects.toMatchObject({
      code: 'destination-unusable',
    });
    expect(await readdir(folder.at('disk'))).toEqual(['no disk is mounted here']);
    // What the hint says.
    await writeFile(settings.path, '');
    await openDestination(settings, around());
    await rm(settings.path);
    await openDestination(settings, around());
    expect(await readdir(folder.at('disk'))).toContain('mbox');
  });
});

describe('deliveryFailed', () => {
  test.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EFBIG', 'disk-full'],
    ['EACCES', 'destination-unusable'],
    ['EROFS', 'destination-unusable'],
    ['ENOENT', 'destination-unusable'],
    ['ENOTDIR', 'destination-unusable'],
    ['EEXIST', 'destination-unusable'],
    ['EIO', 'destination-io'],
    ['EWHATEVER', 'destination-io'],
  ])('says of %s that it is %s, with a hint', (code, expected) => {
    const error = deliveryFailed('/mail', Object.assign(new Error('system'), { code }));
    expect(error).toMatchObject({ code: expected, hint: expect.any(String) as string });
    expect(error.message).toContain('/mail');
  });

  test('knows the quota, for which Node has no name', () => {
    const unnamed = { code: 'Unknown system error -122', errno: -constants.errno.EDQUOT };
    const error = deliveryFailed('/mail', Object.assign(new Error('system'), unnamed));
    expect(error).toMatchObject({ code: 'disk-full', message: expect.stringContaining('quota') as string });
  });

  test('keeps what is an error of ours', () => {
    const error = new MailError('ledger', 'x');
    expect(deliveryFailed('/mail', error)).toBe(error);
  });
});
