import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Destination, Receipt } from '../../src/delivery/destination.ts';
import { withFileSizeLimit } from '../support/file-size-limit.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { sha256, withCrlf } from './sha256.ts';

/** One kind of destination, and how its content is looked at without its own code. */
export interface DestinationKind {
  readonly name: string;
  /** Opens it somewhere in the folder `place` of `folder`. */
  readonly open: (folder: TemporaryFolder) => Promise<Destination>;
  /** What stands there for a message: the message after the transforms that the destination declares. */
  readonly stored: (message: Buffer) => Buffer;
  /** The messages that a mail program would see, the quoting undone. */
  readonly read: (folder: TemporaryFolder) => Promise<Buffer[]>;
  /** The message that the receipt is of, as it stands there. */
  readonly at: (folder: TemporaryFolder, receipt: Receipt) => Promise<Buffer>;
}

export const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ['an ordinary message', Buffer.from('From: a@b\r\nSubject: x\r\n\r\nHello.\r\n')],
  ['nothing at all', Buffer.alloc(0)],
  ['only a line end', Buffer.from('\r\n')],
  ['no final line end', Buffer.from('Subject: x\r\n\r\nno end')],
  ['a bare CR at the end', Buffer.from('Subject: x\r\n\r\nend\r')],
  ['lines that look like From_ lines', Buffer.from('From a\r\n>From b\r\n>>From c\r\n\r\nFrom d')],
  ['bare CR, bare LF, NUL', Buffer.from('a\rb\nc\0\r\n\r\r\n\nFrom x\n\rFrom y\r\n')],
  ['every octet there is', Buffer.from(Array.from({ length: 256 }, (_, octet) => octet))],
  ['empty lines at the end', Buffer.from('Subject: x\r\n\r\n\r\n\r\n\r\n')],
  ['more than is held in memory', Buffer.from(`Subject: x\r\n\r\n${'From me, \r.\r\n'.repeat(60_000)}`)],
];

const EMPTY = Buffer.alloc(0);
const BLOCK_OCTETS = 65_521;

export async function deliver(destination: Destination, message: Buffer, tag = 'a1'): Promise<Receipt> {
  const draft = destination.begin();
  for (let at = 0; at < message.length; at += BLOCK_OCTETS) {
    await draft.write(message.subarray(at, at + BLOCK_OCTETS));
  }
  return draft.commit({ tag, sha256: sha256(message) });
}

/** The hash that a receipt must have by what stands there. */
function proven(standing: Buffer, { hashOf }: Receipt): string {
  return sha256(hashOf === 'crlf' ? withCrlf(standing) : standing);
}

/** Every file below the folder. */
export async function filesIn(folder: TemporaryFolder): Promise<string[]> {
  const found = await readdir(folder.path, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}

const sorted = (messages: readonly Buffer[]): string[] =>
  messages.map((message) => message.toString('latin1')).sort();

/** What every destination promises. */
export function destinationContract(kind: DestinationKind): void {
  describe(`as a destination, ${kind.name}`, () => {
    describeDelivery(kind);
    describeFailure(kind);
  });
}

function describeDelivery({ open, stored, read, at }: DestinationKind): void {
  test.each(MESSAGES)('I4: keeps %s octet by octet, but for what it declares', async (_, message) => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    const receipt = await deliver(destination, message);
    await destination.close();
    const [found, ...more] = await read(folder);
    expect(found?.equals(stored(message))).toBe(true);
    expect(more).toEqual([]);
    const standing = await at(folder, receipt);
    expect(receipt).toMatchObject({ destination: destination.name, octets: standing.length });
    expect(receipt.sha256).toBe(proven(standing, receipt));
  });

  test('shows nothing of a message before it is committed, and all of it then', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    const message = Buffer.from(`Subject: x\r\n\r\n${'y'.repeat(600_000)}\r\n`);
    const draft = destination.begin();
    await draft.write(message);
    expect(await read(folder)).toEqual([]);
    await draft.commit({ tag: 'a1', sha256: sha256(message) });
    expect(sorted(await read(folder))).toEqual(sorted([stored(message)]));
    await destination.close();
  });

  test.each([
    ['nothing', 0],
    ['a little', 100],
    ['more than is held in memory', 600_000],
  ])('leaves no trace of a draft that is discarded after %s', async (_, octets) => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    await deliver(destination, Buffer.from('Subject: first\r\n\r\n'));
    const before = await filesIn(folder);
    const draft = destination.begin();
    await draft.write(Buffer.alloc(octets, 'x'));
    await draft.discard();
    expect(await filesIn(folder)).toEqual(before);
    expect(await read(folder)).toHaveLength(1);
    await destination.close();
  });

  test('takes many drafts at the same time, and each stands where its receipt says', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    const messages = Array.from({ length: 40 }, (_, index) =>
      Buffer.from(
        `Subject: ${index}\r\n\r\nFrom here\r\n${`${index}\r\n`.repeat(index * index * 60)}${'a\nb'.slice(index % 4)}`,
      ),
    );
    const drafts = messages.map(() => destination.begin());
    for (const [from, to] of [
      [0, 1000],
      [1000, 200_000],
      [200_000, Number.POSITIVE_INFINITY],
    ]) {
      const writing = drafts.map(async (draft, index) =>
        draft.write(messages[index]?.subarray(from, to) ?? EMPTY),
      );
      await Promise.all(writing);
    }
    const committed = drafts.map((draft, index) =>
      index % 5 === 4
        ? draft.discard().then(() => undefined)
        : draft.commit({ tag: `a${index}`, sha256: sha256(messages[index] ?? '') }),
    );
    const receipts = (await Promise.all(committed)).filter((receipt) => receipt !== undefined);
    await destination.close();
    const kept = messages.filter((_, index) => index % 5 !== 4).map(stored);
    // By their hashes: to show how megabytes differ takes minutes.
    expect((await read(folder)).map(sha256).sort()).toEqual(kept.map(sha256).sort());
    expect(new Set(receipts.map(({ location }) => location)).size).toBe(kept.length);
    for (const receipt of receipts) expect(proven(await at(folder, receipt), receipt)).toBe(receipt.sha256);
  });

  test('adds to what is there when it is opened again', async () => {
    await using folder = await temporaryFolder();
    for (const text of ['one', 'two', 'three']) {
      const destination = await open(folder);
      await deliver(destination, Buffer.from(`Subject: ${text}\r\n\r\nno end`));
      await destination.close();
    }
    expect(await read(folder)).toHaveLength(3);
  });

  test('re-reads what it has stored and tells what is intact, in the order of the receipts', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    const receipts: Receipt[] = [];
    for (const [index, [, message]] of MESSAGES.entries()) {
      receipts.push(await deliver(destination, message, `a${index}`));
    }
    const other: Receipt = {
      ...(receipts[0] ?? expect.fail()),
      location: '999999',
      sha256: sha256(Buffer.from('no')),
    };
    const states = [];
    for await (const state of destination.inspect([other, ...receipts.toReversed()])) states.push(state);
    expect(states).toEqual(['missing', ...receipts.map(() => 'intact')]);
    await destination.close();
  });

  test('finds nothing to recover where nothing was left', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    await deliver(destination, Buffer.from('Subject: x\r\n\r\n'), 'a1');
    const found = await destination.recover({ tags: new Set(['a2']), intents: [] });
    expect(found.size).toBe(0);
    expect(await read(folder)).toHaveLength(1);
    await destination.close();
  });
}

function describeFailure({ open, stored, read }: DestinationKind): void {
  test.each([
    ['a message that is held in memory', 100],
    ['a message that is not', 600_000],
  ])('says so when its folder has gone, and shows nothing of %s', async (_, octets) => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    const first = Buffer.from('Subject: first\r\n\r\n');
    await deliver(destination, first);
    const draft = destination.begin();
    const message = Buffer.alloc(octets, 'x');
    await draft.write(message);
    await rename(folder.at('place'), folder.at('elsewhere'));
    await expect(draft.commit({ tag: 'a2', sha256: sha256(message) })).rejects.toMatchObject({
      code: 'destination-unusable',
    });
    await expect(readdir(folder.at('place'))).rejects.toMatchObject({ code: 'ENOENT' });
    await rename(folder.at('elsewhere'), folder.at('place'));
    expect(sorted(await read(folder))).toEqual(sorted([stored(first)]));
    await deliver(destination, first);
    expect(await read(folder)).toHaveLength(2);
    await destination.close();
  });

  test('says so when its folder has gone before the first octet', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder);
    await rm(folder.at('place'), { recursive: true });
    await expect(deliver(destination, Buffer.alloc(600_000, 'x'))).rejects.toMatchObject({
      code: 'destination-unusable',
    });
    await destination.close();
  });

  test.skipIf(withFileSizeLimit === undefined)(
    'leaves what was there untouched when a message does not fit, and still takes one that does',
    async () => {
      await using folder = await temporaryFolder();
      const destination = await open(folder);
      const small = Buffer.from('Subject: small\r\n\r\nx\r\n');
      await deliver(destination, small, 'a1');
      const before = await filesIn(folder);
      await withFileSizeLimit?.(100_000, async () => {
        const large = deliver(destination, Buffer.alloc(250_000, 'x'), 'a2');
        await expect(large).rejects.toMatchObject({ code: 'disk-full' });
      });
      expect(await filesIn(folder)).toEqual(before);
      expect(sorted(await read(folder))).toEqual(sorted([stored(small)]));
      await deliver(destination, small, 'a3');
      expect(sorted(await read(folder))).toEqual(sorted([stored(small), stored(small)]));
      await destination.close();
    },
  );

  test.skipIf(withFileSizeLimit === undefined)(
    'keeps those that fit, of messages committed at the same time',
    async () => {
      await using folder = await temporaryFolder();
      const destination = await open(folder);
      const small = Buffer.from('Subject: small\r\n\r\nx\r\n');
      await withFileSizeLimit?.(100_000, async () => {
        const results = await Promise.allSettled(
          [small, Buffer.alloc(250_000, 'x'), small].map((message, index) =>
            deliver(destination, message, `a${index}`),
          ),
        );
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      });
      expect(sorted(await read(folder))).toEqual(sorted([stored(small), stored(small)]));
      await destination.close();
    },
  );
}
