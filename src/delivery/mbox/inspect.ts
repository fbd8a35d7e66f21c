import { createHash } from 'node:crypto';
import { blocksOfFile } from '../../durable/regular-file.ts';
import { systemCode } from '../../errors.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Receipt, StoredState } from '../destination.ts';
import { readingFailed } from '../errors.ts';
import { contentStart, range, readBounds } from './bounds.ts';
import { readForms } from './stored-forms.ts';

/** What records say that was stored in an mbox with these hashes, by whichever account. */
export type RecordedAs = (hashes: readonly string[]) => readonly Receipt[];

/**
 * As `Destination.inspect`, of the mbox at this path. A message is intact wherever it stands now; of several that equal each other,
 * each copy is that of one. An mbox knows no names, so one
 * is said to be missing, which counts as handed over, only when the mbox is sound, and nothing of its size stands in its place but
 * another message as it was delivered. It is not sound where NULs stand in place of what was written; mail that came with them
 * is as it came.
 */
export async function* inspectMbox(
  path: string,
  receipts: Iterable<Receipt>,
  recordedAs: RecordedAs,
): AsyncGenerator<StoredState, void, undefined> {
  const all = [...receipts];
  const contents = await scan(path, new Set(all.map(({ octets }) => octets)));
  const known = knownIn(contents, all, recordedAs);
  const moved = copiesElsewhere(contents, all, recordedAs);
  const isSound =
    contents.isMbox && contents.withNuls.every((forms) => forms.some((sha256) => known.has(sha256)));
  for (const receipt of all) {
    const elsewhere = moved.get(receipt.sha256) ?? 0;
    if (stands(receipt, contents)) yield 'intact';
    else if (elsewhere > 0) {
      moved.set(receipt.sha256, elsewhere - 1);
      yield 'intact';
    } else yield isSound && !isInPlace(receipt, contents, known) ? 'missing' : 'changed';
  }
}

async function scan(path: string, sizes: ReadonlySet<number>): Promise<MboxContents> {
  try {
    return await scanMbox(path, sizes);
  } catch (error) {
    throw readingFailed(path, error);
  }
}

/** What there is of an mbox. */
interface MboxContents {
  /** Whether it is there, and is empty or begins with a From_ line. */
  readonly isMbox: boolean;
  /**
   * The messages of the sizes asked for, by the offset of their From_ line: size in octets and hexadecimal SHA-256, without From_
   * line and the empty line after.
   */
  readonly messages: ReadonlyMap<number, Pick<Receipt, 'octets' | 'sha256'>>;
  /** The hashes of each message with NULs in it: as it is, and without what mail programs write into its header. */
  readonly withNuls: readonly (readonly string[])[];
}

/** Reads an mbox, and hashes the messages that have one of these sizes in octets, or NULs in them. */
async function scanMbox(path: string, sizes: ReadonlySet<number>): Promise<MboxContents> {
  const messages = new Map<number, Pick<Receipt, 'octets' | 'sha256'>>();
  const withNuls: (readonly string[])[] = [];
  try {
    const { bounds, isMbox } = await readBounds(blocksOfFile(path));
    for (const { start, end, hasNuls } of bounds) {
      const content = await contentStart(path, start, end);
      const octets = end - content;
      if (sizes.has(octets)) messages.set(start, { octets, sha256: await hashRange(path, content, end) });
      if (hasNuls) withNuls.push(await hashesOf(path, content, end));
    }
    return { isMbox, messages, withNuls };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return { isMbox: false, messages, withNuls };
  }
}

/** The hashes of all that stands there and is known to have been delivered as it stands, as far as that matters. */
function knownIn(
  { messages, withNuls }: MboxContents,
  receipts: readonly Receipt[],
  recordedAs: RecordedAs,
): ReadonlySet<string> {
  const known = new Set(receipts.map(({ sha256 }) => sha256));
  const inPlaces = receipts.map(({ location }) => messages.get(Number(location))?.sha256);
  const unknown = new Set<string>();
  for (const hash of [...inPlaces, ...withNuls.flat()])
    if (hash !== undefined && !known.has(hash)) unknown.add(hash);
  if (unknown.size > 0) for (const { sha256 } of recordedAs([...unknown])) known.add(sha256);
  return known;
}

/**
 * How many copies, by their hash, stand at places where no record has such a one: those of messages that have moved, as when mail
 * before them was removed.
 */
function copiesElsewhere(
  contents: MboxContents,
  receipts: readonly Receipt[],
  recordedAs: RecordedAs,
): Map<string, number> {
  const moved = new Set(receipts.flatMap((one) => (stands(one, contents) ? [] : [one.sha256])));
  const copies = new Map<string, number>();
  for (const { sha256 } of contents.messages.values())
    if (moved.has(sha256)) copies.set(sha256, (copies.get(sha256) ?? 0) + 1);
  if (copies.size === 0) return copies;
  const asked = receipts.filter(({ sha256 }) => copies.has(sha256));
  const inPlace = [...asked, ...recordedAs([...copies.keys()])].filter((one) => stands(one, contents));
  const occupied = new Map(inPlace.map(({ location, sha256 }) => [location, sha256]));
  for (const sha256 of occupied.values()) copies.set(sha256, (copies.get(sha256) ?? 0) - 1);
  return copies;
}

/** Whether a message stands where it was delivered to. */
function stands({ location, sha256 }: Receipt, { messages }: MboxContents): boolean {
  return messages.get(Number(location))?.sha256 === sha256;
}

/** Whether something of its size stands in its place that is no other message as it was delivered. */
function isInPlace(
  { location, octets }: Receipt,
  { messages }: MboxContents,
  known: ReadonlySet<string>,
): boolean {
  const there = messages.get(Number(location));
  return there?.octets === octets && !known.has(there.sha256);
}

async function hashRange(path: string, start: number, end: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of range(path, start, end)) hash.update(block);
  return hash.digest('hex');
}

async function hashesOf(path: string, start: number, end: number): Promise<readonly string[]> {
  const { asStored, others } = await readForms(range(path, start, end), (header) => [
    withoutReadersFields(header),
  ]);
  return [asStored, ...others].map(({ sha256 }) => sha256);
}
