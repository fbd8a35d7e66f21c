import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { systemCode } from '../../errors.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Receipt, StoredState } from '../destination.ts';
import { readingFailed } from '../errors.ts';
import { contentStart, range, readBounds } from './bounds.ts';
import { readForms } from './stored-forms.ts';

/** What records say that was stored in an mbox with these hashes, by whichever account. */
type RecordedAs = (hashes: readonly string[]) => readonly Receipt[];

/**
 * As `Destination.inspect`, of the mbox at this path. A message is intact wherever it stands now. An mbox knows no names, so one
 * is said to be missing, which counts as handed over, only when the mbox is sound, and nothing of its size stands in its place but
 * another message as it was delivered. It is not sound where NULs stand in place of what was written; mail that came with them
 * is as it came. Without records, only what is asked for is known to have been delivered.
 */
export async function* inspectMbox(
  path: string,
  receipts: Iterable<Receipt>,
  recordedAs: RecordedAs = () => [],
): AsyncGenerator<StoredState, void, undefined> {
  const all = [...receipts];
  const contents = await scan(path, new Set(all.map(({ octets }) => octets)));
  const known = knownIn(contents, all, recordedAs);
  const there = new Set(Array.from(contents.messages.values(), ({ sha256 }) => sha256));
  const isSound =
    contents.isMbox && contents.withNuls.every((forms) => forms.some((sha256) => known.has(sha256)));
  for (const receipt of all) {
    if (there.has(receipt.sha256)) yield 'intact';
    else yield isSound && !isInPlace(receipt, contents, known) ? 'missing' : 'changed';
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
    const { bounds, isMbox } = await readBounds(createReadStream(path));
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
