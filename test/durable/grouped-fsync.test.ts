import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GroupedFsync } from '../../src/durable/grouped-fsync.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The calls of fsync(2), each of which ends when it is told to. */
function heldSyncs(): { files: number[]; end: (index: number, error?: Error) => void } {
  const files: number[] = [];
  const done: ((error: Error | null) => void)[] = [];
  vi.spyOn(fs, 'fsync').mockImplementation((file, callback) => {
    files.push(file);
    done.push(callback);
  });
  syncBuiltinESMExports();
  return { files, end: (index, error) => done[index]?.(error ?? null) };
}

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('GroupedFsync', () => {
  test('begins with the first file at once, and with all others together when that has ended', () => {
    const { files, end } = heldSyncs();
    const group = new GroupedFsync();
    for (const file of [1, 2, 3]) void group.sync(file);
    expect(files).toEqual([1]);
    end(0);
    expect(files).toEqual([1, 2, 3]);
    void group.sync(4);
    end(1);
    expect(files).toEqual([1, 2, 3]);
    end(2);
    expect(files).toEqual([1, 2, 3, 4]);
    end(3);
    void group.sync(5);
    expect(files).toEqual([1, 2, 3, 4, 5]);
  });

  test('I2: each waits for its own file only, whatever becomes of the others', async () => {
    const { end } = heldSyncs();
    const group = new GroupedFsync();
    const first = group.sync(1);
    const settled: string[] = [];
    const second = group.sync(2).then(() => settled.push('second'));
    const third = group.sync(3).catch((error: unknown) => settled.push(String(error)));
    const fourth = group.sync(4).then(() => settled.push('fourth'));
    end(0);
    await first;
    expect(settled).toEqual([]);
    end(2, new Error('EIO'));
    await third;
    expect(settled).toEqual(['Error: EIO']);
    end(1);
    await second;
    expect(settled).toEqual(['Error: EIO', 'second']);
    end(3);
    await fourth;
  });

  test('does not keep a disk waiting that is slow: as many as there are threads begin beside others', () => {
    const { files, end } = heldSyncs();
    const group = new GroupedFsync();
    for (let file = 0; file <= 31; file += 1) void group.sync(file);
    expect(files).toHaveLength(1);
    void group.sync(32);
    expect(files).toHaveLength(33);
    void group.sync(33);
    for (let index = 0; index < 32; index += 1) end(index);
    expect(files).toHaveLength(33);
    end(32);
    expect(files).toHaveLength(34);
  });

  test('goes on after a file that is not open', async () => {
    await using folder = await temporaryFolder();
    await using handle = await open(folder.at('a'), 'w');
    const group = new GroupedFsync();
    const bad = group.sync(999_999);
    const good = group.sync(handle.fd);
    await expect(bad).rejects.toMatchObject({ code: 'EBADF' });
    await expect(good).resolves.toBeUndefined();
  });
});
