import { appendFile, type FileHandle, open, readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { Mbox } from '../../../src/delivery/mbox/mbox.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver } from '../destination.contract.ts';
import { surroundings } from '../surroundings.ts';

const other = (name: string): Buffer => Buffer.from(`Subject: ${name}\r\n\r\n${name}\r\n`);

const textOf = async (folder: TemporaryFolder): Promise<string> =>
  (await readFile(folder.at('place', 'mbox'))).toString('latin1');

function opened(folder: TemporaryFolder): Promise<Mbox> {
  const path = folder.at('place', 'mbox');
  return Mbox.open({ type: 'mbox', path }, `mbox:${path}`, surroundings());
}

/**
 * Until it is disposed of, no truncation succeeds, and leaves `zeroed` zeros, and no fsync but the first `synced`.
 */
async function withoutRoom(
  path: string,
  { zeroed, synced }: { zeroed: number; synced: number },
): Promise<Disposable> {
  await using file = await open(path, 'r');
  const handles = Object.getPrototypeOf(file) as FileHandle;
  const full = Object.assign(new Error('quota'), { code: 'Unknown system error -122', errno: -122 });
  const sync = vi.spyOn(handles, 'sync').mockRejectedValue(full);
  for (let count = 0; count < synced; count += 1) sync.mockResolvedValueOnce();
  const cut = vi.spyOn(handles, 'truncate').mockImplementation(async function (this: FileHandle, length = 0) {
    const octets = Math.min(zeroed, (await this.stat()).size - length);
    await this.write(Buffer.alloc(octets), 0, octets, length);
    throw full;
  });
  return {
    [Symbol.dispose]: () => {
      sync.mockRestore();
      cut.mockRestore();
    },
  };
}

describe('an mbox on a disk that takes neither the rest of a message nor the cut that would undo it', () => {
  test.each([
    ['as it is', 0, 0],
    ['with its beginning overwritten by zeros', 20, 0],
    ['of one message, all of it overwritten by zeros', 60, 0],
    ['of several messages, as they are', 0, 1],
    ['of several messages, the first overwritten by zeros', 60, 1],
    ['of several messages, the first two and more overwritten by zeros', 140, 1],
  ])(
    'has nothing put behind what is left, %s, which is cut off when there is room',
    async (_, zeroed, synced) => {
      await using folder = await temporaryFolder();
      const path = folder.at('place', 'mbox');
      const mbox = await opened(folder);
      await deliver(mbox, other('before'), 'before');
      const before = await textOf(folder);
      {
        using _full = await withoutRoom(path, { zeroed, synced });
        const results = await Promise.allSettled(
          ['a', 'b', 'c', 'd'].map((name) => deliver(mbox, other(name), name)),
        );
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(synced);
        await expect(opened(folder)).rejects.toMatchObject({ code: 'disk-full' });
      }
      await expect(deliver(mbox, other('x'), 'x')).rejects.toMatchObject({ code: 'disk-full' });
      const again = await opened(folder);
      const kept = await textOf(folder);
      expect(kept.startsWith(before)).toBe(true);
      expect(kept).not.toContain('\0');
      await deliver(again, other('e'), 'e');
      const messages = (await textOf(folder)).split(/(?<=^|\n\n)From [^\n]*\n/).slice(1);
      expect(messages.at(-1)).toBe('Subject: e\n\ne\n\n');
      expect(messages.every((it) => /^Subject: (\w+)\n\n\1\n\n$/.test(it))).toBe(true);
      expect(new Set(messages).size).toBe(messages.length);
    },
  );
});

test('mail that somebody has put behind an append that failed, without a lock, is not cut off with it', async () => {
  await using folder = await temporaryFolder();
  const mbox = await opened(folder);
  await deliver(mbox, other('before'), 'before');
  const before = await textOf(folder);
  const path = folder.at('place', 'mbox');
  await using file = await open(path, 'r');
  const handles = Object.getPrototypeOf(file) as FileHandle;
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  using _write = vi
    .spyOn(handles, 'write')
    .mockImplementationOnce(async (block) => {
      const half = Math.floor(block.length / 2);
      await appendFile(path, Buffer.from(block).subarray(0, half));
      await appendFile(path, 'From them\n');
      return { bytesWritten: half, buffer: block };
    })
    .mockRejectedValueOnce(full);
  const much = Buffer.from(`Subject: much\r\n\r\n${'much\r\n'.repeat(50)}`);
  await expect(deliver(mbox, much, 'much')).rejects.toMatchObject({ code: 'disk-full' });
  const after = await textOf(folder);
  expect(after.startsWith(before)).toBe(true);
  expect(after).toMatch(/From them\n$/);
});
