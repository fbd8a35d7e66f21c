import { contentOf, type Receipt, type StoredState } from '../destination.ts';
import { readingFailed } from '../errors.ts';
import { type MboxContents, type StoredContent, scanMbox } from './contents.ts';
import { groupsOf, likeness } from './groups.ts';

/** What records say that was stored in an mbox with these hashes, by whichever account. */
export type RecordedAs = (hashes: readonly string[]) => readonly Receipt[];

/**
 * As `Destination.inspect`, for the mbox at this path. A message is intact wherever it stands now, and marked where a mail
 * program has written its fields into it; of several equal messages, each copy counts for one. An mbox has no names. So a
 * message counts as missing, which means handed over, only if the mbox is sound, if in its place stands nothing of its size
 * except another message as that was delivered, and if nowhere stands anything unknown with its size and Message-ID. An mbox
 * is not sound where NULs stand in place of what was written; mail that came with NULs is as it came.
 */
export async function* inspectMbox(
  path: string,
  receipts: Iterable<Receipt>,
  recordedAs: RecordedAs,
): AsyncGenerator<StoredState, void, undefined> {
  const all = [...receipts];
  const contents = await scan(path, all);
  const known = knownIn(contents, all, recordedAs);
  const isSound = contents.isMbox && contents.withNuls.every((content) => isKnown(content, known));
  const elsewhere = copiesElsewhere(contents, all, recordedAs);
  const intact = new Set<Receipt>();
  for (const receipt of all)
    if (stands(receipt, contents) || takeCopy(elsewhere, receipt.sha256)) intact.add(receipt);
  const marked = markedCopies(
    contents,
    all.filter((receipt) => !intact.has(receipt)),
    recordedAs,
  );
  const alike = groupsOf(contents.messages.values(), ({ messageId, octets, unmarked }) =>
    messageId === undefined
      ? []
      : [octets, unmarked?.octets ?? octets].map((size) => likeness(messageId, size)),
  );
  for (const receipt of all) {
    if (intact.has(receipt)) yield 'intact';
    else if (takeCopy(marked, contentOf(receipt))) yield 'marked';
    else {
      const isThere = isInPlace(receipt, contents, known) || isDamaged(receipt, alike, recordedAs);
      yield isSound && !isThere ? 'missing' : 'changed';
    }
  }
}

async function scan(path: string, receipts: readonly Receipt[]): Promise<MboxContents> {
  const sizes = new Set(receipts.map(({ octets }) => octets));
  // What a message would be without fields that it came with, nobody knows but by its hash.
  const anyUnmarked = receipts.some(({ unmarkedSha256 }) => unmarkedSha256 !== undefined);
  const isWanted = (octets: number): boolean => anyUnmarked || sizes.has(octets);
  try {
    return await scanMbox(path, isWanted);
  } catch (error) {
    throw readingFailed(path, error);
  }
}

/** The hashes of all that stands there and is known to have been delivered, as far as that matters; marked or not. */
function knownIn(
  { messages, withNuls }: MboxContents,
  receipts: readonly Receipt[],
  recordedAs: RecordedAs,
): ReadonlySet<string> {
  const known = new Set(receipts.flatMap(hashesOfReceipt));
  const inPlaces = receipts.flatMap(({ location }) => messages.get(Number(location)) ?? []);
  const unknown = new Set<string>();
  for (const hash of [...inPlaces, ...withNuls].flatMap(hashesOf)) if (!known.has(hash)) unknown.add(hash);
  if (unknown.size > 0) for (const hash of recordedAs([...unknown]).flatMap(hashesOfReceipt)) known.add(hash);
  return known;
}

function hashesOfReceipt(receipt: Receipt): readonly string[] {
  return [receipt.sha256, contentOf(receipt)];
}

function hashesOf({ sha256, unmarked }: StoredContent): readonly string[] {
  return unmarked === undefined ? [sha256] : [sha256, unmarked.sha256];
}

function isKnown(content: StoredContent, known: ReadonlySet<string>): boolean {
  return hashesOf(content).some((hash) => known.has(hash));
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

/**
 * How many stand there that are one of these except for what mail programs have written into them or taken out, by the hash
 * of the rest. One that stands there as another was delivered is a copy of that other.
 */
function markedCopies(
  { messages }: MboxContents,
  receipts: readonly Receipt[],
  recordedAs: RecordedAs,
): Map<string, number> {
  const wanted = new Set(receipts.map(contentOf));
  const perhaps = [...messages.values()]
    .map(({ sha256, unmarked }) => ({ sha256, content: unmarked?.sha256 ?? sha256 }))
    .filter(({ content }) => wanted.has(content));
  const copies = new Map<string, number>();
  if (perhaps.length === 0) return copies;
  const hashes = perhaps.map(({ sha256 }) => sha256);
  const delivered = new Set([...receipts, ...recordedAs(hashes)].map(({ sha256 }) => sha256));
  for (const { sha256, content } of perhaps)
    if (!delivered.has(sha256)) copies.set(content, (copies.get(content) ?? 0) + 1);
  return copies;
}

/** Whether something of the size of a message stands anywhere, marked or not, with its Message-ID, that no record tells of. */
function isDamaged(
  { octets, messageId }: Receipt,
  alike: ReadonlyMap<string, readonly StoredContent[]>,
  recordedAs: RecordedAs,
): boolean {
  if (messageId === undefined) return false;
  const those = alike.get(likeness(messageId, octets)) ?? [];
  return those.some((content) => recordedAs(hashesOf(content)).length === 0);
}

function takeCopy(copies: Map<string, number>, hash: string): boolean {
  const left = copies.get(hash) ?? 0;
  if (left > 0) copies.set(hash, left - 1);
  return left > 0;
}

/** Whether a message stands where it was delivered to. */
function stands({ location, sha256 }: Receipt, { messages }: MboxContents): boolean {
  return messages.get(Number(location))?.sha256 === sha256;
}

/** Whether something of its size, marked or not, stands in its place that is no other message as it was delivered. */
function isInPlace(
  { location, octets }: Receipt,
  { messages }: MboxContents,
  known: ReadonlySet<string>,
): boolean {
  const there = messages.get(Number(location));
  if (there === undefined || isKnown(there, known)) return false;
  return there.octets === octets || there.unmarked?.octets === octets;
}
