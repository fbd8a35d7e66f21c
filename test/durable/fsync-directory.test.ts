import fs from 'node:fs';
import { mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { callsFor, type FolderCalls, inThreads } from '../../src/durable/folder-calls.ts';
import {
  fsyncDirectory,
  makeDirectories,
  makeDirectory,
  SyncedDirectory,
} from '../../src/durable/fsync-directory.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Each call of fsync(2) waits here until it is let go. */
interface Gate {
  readonly pass: () => void;
  readonly fail: (reason: Error) => void;
}

function gateSyncs(): Gate[] {
  const gates: Gate[] = [];
  vi.spyOn(fs, 'fsync').mockImplementation((_, done) => {
    gates.push({ pass: () => done(null), fail: done });
  });
  syncBuiltinESMExports();
  return gates;
}

/** The paths of what is fsynced. */
function noteSyncs(): string[] {
  const synced: string[] = [];
  vi.spyOn(fs, 'fsync').mockImplementation((file, done) => {
    synced.push(fs.readlinkSync(`/proc/self/fd/${file}`));
    done(null);
  });
  syncBuiltinESMExports();
  return synced;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('SyncedDirectory', () => {
  test('serves all who ask during a run by the next one, and by one', async () => {
    const gates = gateSyncs();
    const directory = await SyncedDirectory.open(tmpdir());
    const done: string[] = [];
    const note = async (name: string): Promise<void> => {
      await directory.sync();
      done.push(name);
    };
    const first = note('first');
    const later = [note('second'), note('third')];
    await settled();
    expect(gates).toHaveLength(1);
    gates[0]?.pass();
    await first;
    await settled();
    expect(done).toEqual(['first']);
    expect(gates).toHaveLength(2);
    const fourth = note('fourth');
    gates[1]?.pass();
    await Promise.all(later);
    await settled();
    expect(done).toEqual(['first', 'second', 'third']);
    gates[2]?.pass();
    await fourth;
    expect(gates).toHaveLength(3);
    await directory.close();
  });

  test('tells each who waited for a run that failed, and tries again for the next', async () => {
    const gates = gateSyncs();
    const directory = await SyncedDirectory.open(tmpdir());
    const first = directory.sync();
    const second = directory.sync();
    gates[0]?.fail(new Error('EIO'));
    await expect(first).rejects.toThrow('EIO');
    await settled();
    gates[1]?.pass();
    await expect(second).resolves.toBeUndefined();
    await directory.close();
  });

  test('syncs anew for each who comes when nothing runs', async () => {
    const gates = gateSyncs();
    const directory = await SyncedDirectory.open(tmpdir());
    for (const index of [0, 1, 2]) {
      const sync = directory.sync();
      expect(gates).toHaveLength(index + 1);
      gates[index]?.pass();
      await sync;
    }
    await directory.close();
  });

  test('fsyncs nothing once it is closed, and is closed once', async () => {
    await using folder = await temporaryFolder();
    const directory = await SyncedDirectory.open(folder.path);
    await directory.close();
    await using _other = await open(folder.path, 'r');
    await expect(directory.sync()).rejects.toMatchObject({ code: 'EBADF' });
    await directory.close();
    expect((await _other.stat()).isDirectory()).toBe(true);
  });

  test('I2: vouches for nothing once another folder is at its path', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('new'));
    const directory = await SyncedDirectory.open(folder.at('new'));
    await directory.sync();
    await rename(folder.at('new'), folder.at('old'));
    await expect(directory.sync()).rejects.toMatchObject({ code: 'ENOENT' });
    await mkdir(folder.at('new'));
    await expect(directory.sync()).rejects.toMatchObject({ code: 'destination-unusable' });
    await directory.close();
  });

  test('cannot be opened where there is no folder', async () => {
    await using folder = await temporaryFolder();
    await expect(SyncedDirectory.open(folder.at('missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('makeDirectory', () => {
  test('creates missing parents, private to the user, and makes each new entry durable', async () => {
    await using folder = await temporaryFolder();
    const synced = noteSyncs();
    await makeDirectory(folder.at('a', 'b', 'c'));
    expect(synced.sort()).toEqual([folder.path, folder.at('a'), folder.at('a', 'b')]);
    for (const names of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      expect((await stat(folder.at(...names))).mode & 0o777).toBe(0o700);
    }
  });

  test('leaves a folder that is there as it is', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('a'), { mode: 0o755 });
    await makeDirectory(folder.at('a'));
    expect((await stat(folder.at('a'))).mode & 0o777).toBe(0o755);
  });

  test('does not take a file for a folder', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('a'), '');
    await expect(makeDirectory(folder.at('a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDirectory(folder.at('a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe.each([true, false])('makeDirectories (at once: %s)', (isLocal) => {
  const calls = (): Promise<FolderCalls> => (isLocal ? callsFor('/dev/shm') : Promise.resolve(inThreads));

  test('makes the entries of several folders durable by one fsync of the one above', async () => {
    await using folder = await temporaryFolder();
    const synced = noteSyncs();
    const wanted = ['tmp', 'new', 'cur'].map((name) => folder.at('a', name));
    await makeDirectories(wanted, await calls());
    expect(synced.sort()).toEqual([folder.path, folder.at('a')]);
    for (const path of wanted) expect((await stat(path)).mode & 0o777).toBe(0o700);
    synced.length = 0;
    await makeDirectories(wanted, await calls());
    expect(synced).toEqual([]);
  });

  test('makes durable what it could make before it says what it could not', async () => {
    await using folder = await temporaryFolder();
    const synced = noteSyncs();
    await writeFile(folder.at('file'), '');
    const making = makeDirectories([folder.at('a'), folder.at('file', 'b')], await calls());
    await expect(making).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(synced).toEqual([folder.path]);
  });

  test('I2: makes durable what another process has made at the same moment', async () => {
    await using folder = await temporaryFolder();
    const synced = noteSyncs();
    const { mkdir: make, ...others } = await calls();
    const late = async (path: string): Promise<void> => {
      await mkdir(path);
      await make(path);
    };
    await makeDirectories([folder.at('a')], { ...others, mkdir: late });
    expect(synced).toEqual([folder.path]);
  });

  test('says when the disk fails', async () => {
    await using folder = await temporaryFolder();
    const gates = gateSyncs();
    const making = makeDirectories([folder.at('a')], await calls());
    while (gates.length === 0) await settled();
    gates[0]?.fail(new Error('EIO'));
    await expect(making).rejects.toThrow('EIO');
  });
});

test('fsyncDirectory says when the disk fails', async () => {
  const gates = gateSyncs();
  const sync = fsyncDirectory(tmpdir());
  while (gates.length === 0) await settled();
  gates[0]?.fail(new Error('EIO'));
  await expect(sync).rejects.toThrow('EIO');
});

test('makeDirectory gives up where the system will have no folder, though the one above is there', async () => {
  await expect(makeDirectory('/proc/mailferry/new')).rejects.toMatchObject({ code: 'ENOENT' });
});
