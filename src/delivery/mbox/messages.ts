import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../../durable/regular-file.ts';
import { lfToCrlf } from '../../message/line-endings.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { ReceivedIdentity, StoredMessage } from '../destination.ts';
import { readBounds } from './bounds.ts';
import { MboxrdUnquoting } from './mboxrd-unquoting.ts';
import { blocksOf, fromLineAt, readingAhead } from './reading.ts';
import { readForms } from './stored-forms.ts';

const NEXT = Buffer.from('\nFrom ');

/** A From_ line that is longer is none. */
const FROM_LINE_OCTETS = 64 * 1024;

/** How much is read at a time of one message: most are not longer. */
const BLOCK_OCTETS = 64 * 1024;

/** A message of an mbox, and what it was when it was received. */
export interface MboxMessage {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Size and hexadecimal SHA-256 of what is stored, without From_ line and the empty line after. */
  readonly octets: number;
  readonly sha256: string;
  /** The same without the fields that mail programs write, where it has such. */
  readonly unmarkedSha256: string | undefined;
  /**
   * Nobody knows who has written the fields that mail programs write: it may have come with them. So its `sha256` counts them, and
   * all else does not.
   */
  readonly received: ReceivedIdentity;
}

/** Reads all messages of an mbox, never more than a block of one in memory. */
export async function* readMessages(path: string): AsyncGenerator<MboxMessage, void, undefined> {
  await using file = await openRegular(path);
  const { bounds } = await readBounds(blocksOf(file, 0));
  const blocks = readingAhead(file);
  for (const { start, content, end } of bounds) yield await readMessage(start, blocks(content, end));
}

/** The same, as a destination of this name gives them. */
export async function* storedInMbox(
  path: string,
  destination: string,
): AsyncGenerator<StoredMessage, void, undefined> {
  for await (const { start, received, ...stored } of readMessages(path)) {
    yield { receipt: { destination, location: String(start), ...stored }, received, tag: undefined };
  }
}

async function readMessage(start: number, blocks: AsyncIterable<Buffer>): Promise<MboxMessage> {
  const { asStored, others } = await readForms(blocks, (header) => [withoutReadersFields(header)]);
  const { octets, sha256 } = asStored;
  const [withoutFields = asStored] = others;
  const unmarkedSha256 = others[0]?.sha256;
  const received = { ...withoutFields.received, sha256: asStored.received.sha256 };
  return { start, octets, sha256, unmarkedSha256, received };
}

/**
 * The message whose From_ line begins at this offset, block by block, as it was received as far as that can be told: without
 * quotes, and with CRLF. Nothing where no From_ line begins there.
 */
export async function* receivedAt(path: string, start: number): AsyncGenerator<Buffer, void, undefined> {
  await using file = await openRegular(path);
  const unquoting = new MboxrdUnquoting();
  for await (const block of storedAt(file, start))
    yield lfToCrlf(Buffer.from(unquoting.push(block.toString('latin1')), 'latin1'));
  yield lfToCrlf(Buffer.from(unquoting.end(), 'latin1'));
}

/** The same as it stands there, up to the empty line behind it. */
async function* storedAt(file: FileHandle, start: number): AsyncGenerator<Buffer, void, undefined> {
  const line = await fromLineAt(file, start, FROM_LINE_OCTETS);
  if (line === undefined) return;
  let held: Buffer = Buffer.alloc(0);
  // An empty message ends at once: the line end of its From_ line is that before the next one.
  let from = 1;
  for await (const block of blocksOf(file, start + line.length - 1, undefined, BLOCK_OCTETS)) {
    held = Buffer.concat([held, block]);
    const next = held.indexOf(NEXT);
    if (next >= 0) {
      yield held.subarray(from, next);
      return;
    }
    const until = held.length - NEXT.length;
    if (until <= from) continue;
    yield held.subarray(from, until);
    held = held.subarray(until);
    from = 0;
  }
  yield held.subarray(from, -1);
}
