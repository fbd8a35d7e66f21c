import fs from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SyncedDirectory } from '../../src/durable/fsync-directory.ts';
import { GroupedFsync } from '../../src/durable/grouped-fsync.ts';
import { publishSmall } from '../../src/durable/small-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Call = [file: number, piece: Buffer, at: number, length: number, position: number];

const OCTETS = Buffer.from('content');

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Watches the fsync of the file, which then fails where `error` is given. */
function watchFsync(onFsync: () => void, error: Error | null = null): void {
  const { fsync } = fs;
  vi.spyOn(fs, 'fsync').mockImplementation((file, done) => {
    onFsync();
    fsync(file, (failure) => done(error ?? failure));
  });
  syncBuiltinESMExports();
}

/** A folder whose own fsync is only noted; that of a file in it is made. */
function folderOf(onSync: () => void = () => undefined): SyncedDirectory {
  const files = new GroupedFsync();
  const sync = (): Promise<void> => Promise.resolve(onSync());
  return { sync, syncFile: (file: number) => files.sync(file) } as unknown as SyncedDirectory;
}

describe('publishSmall', () => {
  test('I2: a file appears only after its data is safe, and is safe only after its folder is', async () => {
    await using folder = await temporaryFolder();
    const names = (): string => fs.readdirSync(folder.path).join();
    const steps: string[] = [];
    watchFsync(() => steps.push(`data ${fs.readFileSync(folder.at('a'), 'utf8')} while ${names()}`));
    const directory = folderOf(() => steps.push(`folder while ${names()}`));
    await publishSmall({ pieces: [OCTETS], from: folder.at('a'), to: folder.at('b'), directory });
    expect(steps).toEqual(['data content while a', 'folder while b']);
    expect(await readFile(folder.at('b'), 'utf8')).toBe('content');
    expect((await stat(folder.at('b'))).mode & 0o777).toBe(0o600);
  });

  test('a file whose data cannot be made safe does not appear', async () => {
    await using folder = await temporaryFolder();
    watchFsync(() => undefined, new Error('EIO'));
    const directory = folderOf();
    const publication = { pieces: [OCTETS], from: folder.at('a'), to: folder.at('b'), directory };
    await expect(publishSmall(publication)).rejects.toThrow('EIO');
    expect(await readdir(folder.path)).toEqual(['a']);
  });

  test('goes on where the system stopped when it takes only a part', async () => {
    await using folder = await temporaryFolder();
    const { writevSync, writeSync } = fs;
    vi.spyOn(fs, 'writevSync').mockImplementation((file, pieces, position) =>
      writevSync(file, [Buffer.concat(pieces as Buffer[]).subarray(0, 3)], position),
    );
    vi.spyOn(fs, 'writeSync').mockImplementation(((...[file, piece, at, length, position]: Call) =>
      writeSync(file, piece, at, Math.min(2, length), position)) as typeof fs.writeSync);
    syncBuiltinESMExports();
    const directory = folderOf();
    const pieces = ['ab', '', 'cdef', 'g', 'hijkl'].map((text) => Buffer.from(text));
    await publishSmall({ pieces, from: folder.at('a'), to: folder.at('b'), directory });
    expect(await readFile(folder.at('b'), 'utf8')).toBe('abcdefghijkl');
  });

  test('has written what is only lent when it returns', async () => {
    await using folder = await temporaryFolder();
    const directory = folderOf();
    const lent = Buffer.from('content');
    const publishing = publishSmall({ pieces: [lent], from: folder.at('a'), to: folder.at('b'), directory });
    lent.fill('?');
    await publishing;
    expect(await readFile(folder.at('b'), 'utf8')).toBe('content');
  });

  test('never takes a file that is there', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('a'), 'mine');
    const directory = folderOf();
    const publication = { pieces: [OCTETS], from: folder.at('a'), to: folder.at('b'), directory };
    await expect(publishSmall(publication)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(folder.at('a'), 'utf8')).toBe('mine');
  });

  test('makes an empty file too', async () => {
    await using folder = await temporaryFolder();
    const directory = folderOf();
    await publishSmall({ pieces: [], from: folder.at('a'), to: folder.at('b'), directory });
    expect((await stat(folder.at('b'))).size).toBe(0);
  });
});
