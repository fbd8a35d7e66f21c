import fs from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MaildirDraft } from '../../../src/delivery/maildir/draft.ts';
import type { LineEndings } from '../../../src/delivery/settings.ts';
import { SyncedDirectory } from '../../../src/durable/fsync-directory.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { sha256 } from '../sha256.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function draftIn(lineEndings: LineEndings): Promise<{ folder: TemporaryFolder; draft: MaildirDraft }> {
  const folder = await temporaryFolder();
  return { folder, draft: new MaildirDraft(folder.at('waiting'), lineEndings) };
}

async function published(
  { folder, draft }: { folder: TemporaryFolder; draft: MaildirDraft },
  { isLocal, message }: { isLocal: boolean; message: Buffer },
): Promise<Buffer> {
  const directory = await SyncedDirectory.open(folder.path);
  const place = { destination: 'x', folder: folder.path, directory, isLocal, nameOf: () => 'message' };
  const { location, octets } = await draft.publish(place, sha256(message));
  await directory.close();
  expect(await readdir(folder.path)).toEqual([location]);
  const stored = await readFile(folder.at(location));
  expect(octets).toBe(stored.length);
  return stored;
}

const toLf = (message: Buffer): Buffer =>
  Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');

const KINDS = [
  { lineEndings: 'lf', isLocal: true },
  { lineEndings: 'lf', isLocal: false },
  { lineEndings: 'as-received', isLocal: true },
  { lineEndings: 'as-received', isLocal: false },
] as const;

describe.each(KINDS)(
  'a message for a Maildir ($lineEndings, local: $isLocal)',
  ({ lineEndings, isLocal }) => {
    test.each([
      ['small', 100],
      ['large', 300_000],
    ])('that is %s is stored to its last CR', async (_, octets) => {
      const opened = await draftIn(lineEndings);
      await using _folder = opened.folder;
      const message = Buffer.from(`${'line\r\n'.repeat(octets / 6)}\r`);
      await opened.draft.write(message);
      const stored = await published(opened, { isLocal, message });
      expect(stored.equals(lineEndings === 'lf' ? toLf(message) : message)).toBe(true);
    });

    test('may come octet by octet', async () => {
      const opened = await draftIn(lineEndings);
      await using _folder = opened.folder;
      const message = Buffer.from('a\r\n'.repeat(90_000));
      for (let at = 0; at < message.length; at += 1) await opened.draft.write(message.subarray(at, at + 1));
      const stored = await published(opened, { isLocal, message });
      expect(stored.equals(lineEndings === 'lf' ? toLf(message) : message)).toBe(true);
    });
  },
);

describe('a draft for a Maildir', () => {
  test.each([
    ['lf', 'more than 1 MiB', [262_144, 1, 786_432]],
    ['as-received', 'more than 1 MiB', [262_144, 1, 786_432]],
    ['as-received', '4096 pieces', Array.from({ length: 4096 }, () => 1)],
  ] as const)('of %s goes to a file once it has %s (I7)', async (lineEndings, _, pieces) => {
    const { folder, draft } = await draftIn(lineEndings);
    await using _folder = folder;
    for (const octets of pieces.slice(0, -1)) await draft.write(Buffer.alloc(octets, 'x'));
    expect(await readdir(folder.path)).toEqual([]);
    await draft.write(Buffer.alloc(pieces.at(-1) ?? 0, 'x'));
    expect(await readdir(folder.path)).toEqual(['waiting']);
    await draft.discard();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.each([
    ['256 KiB', [262_144, 1]],
    ['4096 pieces', Array.from({ length: 4096 }, () => 1)],
  ])('holds what came as it came up to %s', async (_, pieces) => {
    const { folder, draft } = await draftIn('lf');
    await using _folder = folder;
    for (const octets of pieces.slice(0, -1)) {
      expect(draft.write(Buffer.alloc(octets, 'x'))).toBeUndefined();
    }
    const writing = draft.write(Buffer.alloc(pieces.at(-1) ?? 0, 'x'));
    expect(writing).toBeInstanceOf(Promise);
    await writing;
    await draft.discard();
  });

  test('is opened by another thread where the file system may take its time', async () => {
    const opened = await draftIn('lf');
    await using _folder = opened.folder;
    const open = vi.spyOn(fs, 'openSync');
    syncBuiltinESMExports();
    const message = Buffer.from('a\r\n');
    await opened.draft.write(message);
    expect((await published(opened, { isLocal: false, message })).toString()).toBe('a\n');
    expect(open).not.toHaveBeenCalled();
  });
});
