import { type FileHandle, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { createExclusively, FileWriter, writeAll } from '../../src/durable/file-writer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { seededRandom } from '../torture/scale.ts';

describe('FileWriter', () => {
  test('opens no file for what fits its buffer, and gives it back', async () => {
    let opened = 0;
    const writer = new FileWriter(() => {
      opened += 1;
      return Promise.reject(new Error('not wanted'));
    }, 4);
    await writer.write(Buffer.from('ab'));
    await writer.write(Buffer.alloc(0));
    await writer.write(Buffer.from('cd'));
    const given: Buffer[] = [];
    for await (const block of writer.blocks()) given.push(block);
    expect(Buffer.concat(given).toString()).toBe('abcd');
    expect(writer.octets).toBe(4);
    expect(opened).toBe(0);
    await writer.close();
  });

  test('writes all in order, once, and counts as it goes', async () => {
    await using folder = await temporaryFolder();
    const writer = new FileWriter(() => createExclusively(folder.at('file')), 4);
    for (const text of ['ab', 'cd', 'e', 'fghijklmn', '', 'o']) await writer.write(Buffer.from(text));
    expect(writer.octets).toBe(15);
    await writer.flush();
    await writer.flush();
    await writer.close();
    expect(await readFile(folder.at('file'), 'utf8')).toBe('abcdefghijklmno');
  });

  test('makes an empty file when it is flushed with nothing', async () => {
    await using folder = await temporaryFolder();
    const writer = new FileWriter(() => createExclusively(folder.at('file')), 4);
    await writer.flush();
    await writer.close();
    expect((await stat(folder.at('file'))).size).toBe(0);
  });

  test('still holds the octets that could not be written, for whoever tries again', async () => {
    await using folder = await temporaryFolder();
    const file = await createExclusively(folder.at('file'));
    const write = vi.spyOn(file, 'write').mockRejectedValueOnce(new Error('ENOSPC'));
    const writer = new FileWriter(() => Promise.resolve(file), 4);
    await writer.write(Buffer.from('abcdef'));
    await expect(writer.flush()).rejects.toThrow('ENOSPC');
    await writer.flush();
    expect([write.mock.calls.length, writer.octets]).toEqual([2, 6]);
    await writer.close();
    expect(await readFile(folder.at('file'), 'utf8')).toBe('abcdef');
  });

  test('I4: writes the rest where the system takes a part of several blocks', async () => {
    await using folder = await temporaryFolder();
    const file = await createExclusively(folder.at('file'));
    vi.spyOn(file, 'writev').mockImplementationOnce(async ([first], position) => {
      const { bytesWritten } = await file.write(first as Uint8Array, 0, 2, position);
      return { bytesWritten, buffers: [] };
    });
    const writer = new FileWriter(() => Promise.resolve(file), 100);
    for (const block of ['abc', 'def', 'ghi']) await writer.write(Buffer.from(block));
    await writer.flush();
    await writer.close();
    expect(await readFile(folder.at('file'), 'utf8')).toBe('abcdefghi');
  });

  test('says that the file cannot be opened, and can be closed then', async () => {
    const writer = new FileWriter(() => Promise.reject(new Error('ENOSPC')), 1);
    await expect(writer.write(Buffer.from('ab'))).rejects.toThrow('ENOSPC');
    await expect(writer.close()).resolves.toBeUndefined();
  });
});

describe('writeAll', () => {
  test('goes on when the system takes only a part', async () => {
    const taken: [string, number][] = [];
    const file = {
      write: vi.fn((block: Uint8Array, from: number, length: number, position: number) => {
        const octets = Math.min(length, 3);
        taken.push([Buffer.from(block.subarray(from, from + octets)).toString(), position]);
        return Promise.resolve({ bytesWritten: octets, buffer: block });
      }),
    };
    await writeAll(file as unknown as FileHandle, Buffer.from('abcdefgh'), 100);
    expect(taken).toEqual([
      ['abc', 100],
      ['def', 103],
      ['gh', 106],
    ]);
  });
});

describe('createExclusively', () => {
  test('makes a file that only its owner can read', async () => {
    await using folder = await temporaryFolder();
    await (await createExclusively(folder.at('file'))).close();
    expect((await stat(folder.at('file'))).mode & 0o777).toBe(0o600);
  });

  test('never takes a file that is there', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('file'), 'mine');
    await expect(createExclusively(folder.at('file'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(folder.at('file'), 'utf8')).toBe('mine');
  });

  test('has copied what will change when it returns', async () => {
    await using folder = await temporaryFolder();
    const writer = new FileWriter(() => createExclusively(folder.at('file')), 100_000);
    const lent = Buffer.alloc(70_000);
    for (const letter of 'abc') {
      lent.fill(letter);
      const written = writer.writeCopy(lent);
      lent.fill('?');
      await written;
    }
    await writer.flush();
    expect(writer.octets).toBe(210_000);
    await writer.close();
    const expected = ['a', 'b', 'c'].map((letter) => letter.repeat(70_000)).join('');
    expect((await readFile(folder.at('file'), 'utf8')) === expected).toBe(true);
  });

  test.each([
    ['are all held', 70_000],
    ['are written', 10],
  ])('gives back all that it was given, when those octets %s', async (_, buffer) => {
    await using folder = await temporaryFolder();
    const writer = new FileWriter(() => createExclusively(folder.at('file')), buffer);
    const pieces = [Buffer.alloc(3000, 'a'), Buffer.alloc(9, 'b'), Buffer.alloc(5000, 'c')];
    for (const piece of pieces) await writer.write(piece);
    const given: Buffer[] = [];
    for await (const block of writer.blocks()) given.push(block);
    expect(Buffer.concat(given).equals(Buffer.concat(pieces))).toBe(true);
    await writer.close();
  });

  test('uses the memory of copies again only when they are written or their file is closed', async () => {
    await using folder = await temporaryFolder();
    const random = seededRandom(7);
    const expected = new Map<string, string>();
    const lent = Buffer.alloc(200_000);
    const write = async (name: string): Promise<void> => {
      const writer = new FileWriter(() => createExclusively(folder.at(name)), 32_768);
      let text = '';
      for (let count = 0; count < 12; count += 1) {
        const piece = `${name}:${count};`.repeat(1 + Math.floor(random() * 9000));
        text += piece;
        // What is lent is written over by the other writers while this one waits for the system.
        await writer.writeCopy(lent.subarray(0, lent.write(piece)));
      }
      expected.set(name, text);
      await writer.flush();
      await writer.close();
    };
    const names = Array.from({ length: 30 }, (_, index) => `file-${index}`);
    for (const some of [names.slice(0, 15), names.slice(15)]) await Promise.all(some.map(write));
    for (const name of names)
      expect((await readFile(folder.at(name), 'utf8')) === expected.get(name)).toBe(true);
  });
});
