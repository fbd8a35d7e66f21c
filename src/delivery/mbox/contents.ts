import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../../durable/regular-file.ts';
import { ignoreMissing } from '../../errors.ts';
import { headerField } from '../../message/header-field.ts';
import { START_OCTETS } from '../../message/message-start.ts';
import { type Bounds, readBounds } from './bounds.ts';
import { blocksOf, readingAhead, steadily } from './reading.ts';
import { type Content, withoutFields } from './unmarked.ts';

/** What stands in an mbox, without From_ line and the empty line after. */
export interface StoredContent extends Content {
  /** The same without the fields that mail programs write into its header, where it has such. */
  readonly unmarked: Content | undefined;
  readonly messageId: string | undefined;
}

/** What there is of an mbox. */
export interface MboxContents {
  /** Whether it is there, and is empty or begins with a From_ line. */
  readonly isMbox: boolean;
  /** The messages that were asked for, or have NULs in them, by the offset of their From_ line. */
  readonly messages: ReadonlyMap<number, StoredContent>;
  /** Those with NULs in them, as stand in no mail but where a file system has lost what was written. */
  readonly withNuls: readonly StoredContent[];
}

/**
 * Reads an mbox, and hashes the messages of the sizes that are asked for, as they stand there or without the fields that mail programs
 * write, and those with NULs in them.
 */
export async function scanMbox(path: string, isWanted: (octets: number) => boolean): Promise<MboxContents> {
  await using file = await openRegular(path).catch(ignoreMissing);
  if (file === undefined) return { isMbox: false, messages: new Map(), withNuls: [] };
  return await steadily(file, () => scan(file, isWanted));
}

async function scan(file: FileHandle, isWanted: (octets: number) => boolean): Promise<MboxContents> {
  const messages = new Map<number, StoredContent>();
  const withNuls: StoredContent[] = [];
  const { bounds, isMbox } = await readBounds(blocksOf(file, 0));
  const blocks = readingAhead(file);
  for (const one of bounds) {
    const content = await contentAt(blocks, one, isWanted);
    if (content === undefined) continue;
    messages.set(one.start, content);
    if (one.hasNuls) withNuls.push(content);
  }
  return { isMbox, messages, withNuls };
}

/** Undefined where it is not asked for: then it is not read to its end. */
async function contentAt(
  blocks: ReturnType<typeof readingAhead>,
  { content, end, hasNuls }: Bounds,
  isWanted: (octets: number) => boolean,
): Promise<StoredContent | undefined> {
  const until = Math.min(end, content + START_OCTETS);
  const start: Buffer[] = [];
  for await (const block of blocks(content, until)) start.push(block);
  const first = Buffer.concat(start);
  const beginning = first.toString('latin1');
  const rest = withoutFields(beginning, until === end);
  const octets = end - content;
  const less = rest === undefined ? 0 : beginning.length - rest.length;
  if (!isWanted(octets) && !isWanted(octets - less) && !hasNuls) return undefined;
  const stored = createHash('sha256').update(first);
  const unmarked = rest === undefined ? undefined : createHash('sha256').update(rest, 'latin1');
  for await (const block of blocks(until, end)) {
    stored.update(block);
    unmarked?.update(block);
  }
  return {
    octets,
    sha256: stored.digest('hex'),
    messageId: messageIdOf(first),
    unmarked: unmarked && { octets: octets - less, sha256: unmarked.digest('hex') },
  };
}

/** The Message-ID of a message that begins so; a string of its own, since a part of another one keeps all of that in memory. */
export function messageIdOf(start: Buffer): string | undefined {
  const messageId = headerField(start, 'Message-ID');
  return messageId === undefined ? undefined : Buffer.from(messageId, 'latin1').toString('latin1');
}
