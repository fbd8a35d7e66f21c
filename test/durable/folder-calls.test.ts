import fs from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { callsFor, inThreads } from '../../src/durable/folder-calls.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

function onFileSystems(typeOf: (path: string) => number | undefined): void {
  vi.spyOn(fs.promises, 'statfs').mockImplementation(async (path) => {
    const type = typeOf(String(path));
    if (type === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    return { type } as fs.StatsFs & fs.BigIntStatsFs;
  });
  syncBuiltinESMExports();
}

describe('callsFor', () => {
  test.each([
    [0xef53, true],
    [0x01021994, true],
    // NFS, CIFS, SMB 2, FUSE: the last is where sshfs and many others are.
    [0x6969, false],
    [0xff534d42, false],
    [0xfe534d42, false],
    [0x65735546, false],
  ])('tells by the kind %i of the file system', async (type, isLocal) => {
    onFileSystems(() => type);
    expect((await callsFor('/anywhere')).isLocal).toBe(isLocal);
  });

  test('goes by what is above a folder that is not there yet', async () => {
    onFileSystems((path) => ({ '/mnt/nas': 0x6969, '/': 0xef53 })[path]);
    expect((await callsFor('/mnt/nas/mail/me')).isLocal).toBe(false);
    expect((await callsFor('/home/me/Mail')).isLocal).toBe(true);
  });

  test.each(['ETIMEDOUT', 'EIO', 'ESTALE', 'ENOTCONN', 'EACCES'])(
    'I7: does not go by what is above a file system that fails with %s',
    async (code) => {
      vi.spyOn(fs.promises, 'statfs').mockImplementation(async (path) => {
        if (String(path).startsWith('/mnt/nas')) throw Object.assign(new Error(code), { code });
        return { type: 0xef53 } as fs.StatsFs & fs.BigIntStatsFs;
      });
      syncBuiltinESMExports();
      expect((await callsFor('/mnt/nas/mail')).isLocal).toBe(false);
    },
  );

  test('takes no file system for local that tells nothing of itself', async () => {
    onFileSystems(() => undefined);
    expect((await callsFor('/anywhere/at/all')).isLocal).toBe(false);
  });
});

describe.each([
  ['at once', () => callsFor('/dev/shm')],
  ['in threads', () => Promise.resolve(inThreads)],
])('the calls that are made %s', (_, callsOf) => {
  test('look at folders, make them private, and remove files', async () => {
    await using folder = await temporaryFolder();
    const calls = await callsOf();
    await calls.mkdir(folder.at('a'));
    expect((await stat(folder.at('a'))).mode & 0o777).toBe(0o700);
    await writeFile(folder.at('a', 'b'), 'four');
    expect(await calls.readdir(folder.at('a'))).toEqual(['b']);
    expect((await calls.stat(folder.at('a', 'b'))).size).toBe(4);
    await calls.unlink(folder.at('a', 'b'));
    expect(await calls.readdir(folder.at('a'))).toEqual([]);
    const file = await calls.open(folder.at('a'));
    expect(fs.fstatSync(file).isDirectory()).toBe(true);
    await calls.close(file);
    expect(() => fs.fstatSync(file)).toThrow('EBADF');
  });

  test('fail by a promise', async () => {
    await using folder = await temporaryFolder();
    const calls = await callsOf();
    const missing = folder.at('missing', 'below');
    await mkdir(folder.at('there'));
    for (const call of [calls.stat, calls.readdir, calls.mkdir, calls.unlink, calls.open])
      await expect(call(missing)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(calls.mkdir(folder.at('there'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(calls.close(1_000_000)).rejects.toMatchObject({ code: 'EBADF' });
  });
});
