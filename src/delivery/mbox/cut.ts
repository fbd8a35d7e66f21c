import type { FileHandle } from 'node:fs/promises';
import { groupBy } from '../../group-by.ts';
import { START_OCTETS } from '../../message/message-start.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Arrival, Receipt, RecordedArrivals } from '../destination.ts';
import { type Bounds, readBounds } from './bounds.ts';
import { messageIdOf } from './contents.ts';
import { groupsOf, likeness } from './groups.ts';
import { blocksOf, openMbox, readAt, readingAhead, steadily } from './reading.ts';
import { readForms } from './stored-forms.ts';

/** What mail programs take out of a header is not more: `Content-Length` and the like, with which the message came. */
const FIELDS_OCTETS = 512;

/** A message that stands in an mbox. */
interface Standing extends Pick<Bounds, 'start' | 'content' | 'end'> {
  readonly messageId: string;
  /** Size in octets, without From_ line and the empty line after: as it is, and without what mail programs write into a header. */
  readonly octets: number;
  readonly withoutFields: number;
  /** The last message that came there which it is the whole of, by Message-ID and size. */
  whole?: Arrival;
  /** What came under its Message-ID and was longer, where it is the whole of nothing. */
  readonly longer: Arrival[];
}

/**
 * Which of these records were lost with the end of an mbox, and which are there only in part since. What stands there is a
 * piece of the message itself, or of one that came before it, and nothing that came between the two stands behind the piece.
 * (Mail programs remove whole messages, and add or remove fields in the header of those that they leave.)
 */
export async function lostWithEnd(
  destination: string,
  missing: ReadonlySet<number>,
  records: RecordedArrivals,
): Promise<ReadonlyMap<number, Receipt>> {
  if (missing.size === 0) return new Map();
  await using file = await openMbox(destination);
  if (file === undefined) return new Map();
  const standing = await steadily(file, () => messagesOf(file));
  const lost = noteWhole(standing, records.arrivals(destination), missing);
  noteLonger(standing, records.arrivals(destination));
  const causes = new Map<number, Receipt>();
  for (const one of standing) {
    const whose = await pieceOf(file, one);
    if (whose === undefined) continue;
    const piece = { ...whose.receipt, location: String(one.start) };
    const behind = standing.flatMap(({ start, whole }) => (start > one.start && whole ? [whole] : []));
    for (const arrival of lost) if (isCutWith(arrival, whose, behind)) causes.set(arrival.record, piece);
  }
  return causes;
}

/** Where the order of records and the clock, which may have been set back, do not agree, it counts as cut. */
function isCutWith(lost: Arrival, whose: Arrival, behind: readonly Arrival[]): boolean {
  if (lost.record === whose.record) return true;
  return !isBefore(lost, whose) && !behind.some((one) => isBefore(one, lost));
}

function isBefore(one: Arrival, other: Arrival): boolean {
  return one.record < other.record && one.deliveredAt <= other.deliveredAt;
}

/** What stands in an mbox with a Message-ID. */
async function messagesOf(file: FileHandle): Promise<readonly Standing[]> {
  const standing: Standing[] = [];
  const { bounds } = await readBounds(blocksOf(file, 0));
  const blocks = readingAhead(file);
  for (const { start, content, end } of bounds) {
    const parts: Buffer[] = [];
    for await (const part of blocks(content, Math.min(end, content + START_OCTETS))) parts.push(part);
    const text = Buffer.concat(parts);
    const messageId = messageIdOf(text);
    if (messageId === undefined) continue;
    const header = text.toString('latin1', 0, text.indexOf('\n\n') + 1);
    const octets = end - content;
    const withoutFields = octets - header.length + withoutReadersFields(header).length;
    standing.push({ start, content, end, messageId, octets, withoutFields, longer: [] });
  }
  return standing;
}

/** Notes what each is the whole of, and gives what is missing. */
function noteWhole(
  standing: readonly Standing[],
  arrivals: Iterable<Arrival>,
  missing: ReadonlySet<number>,
): readonly Arrival[] {
  const alike = groupsOf(standing, ({ messageId, octets, withoutFields }) => [
    likeness(messageId, octets),
    likeness(messageId, withoutFields),
  ]);
  const lost: Arrival[] = [];
  for (const arrival of arrivals) {
    if (missing.has(arrival.record)) lost.push(arrival);
    for (const one of alike.get(likeness(arrival.messageId ?? '', arrival.receipt.octets)) ?? [])
      if (one.whole === undefined || isBefore(one.whole, arrival)) one.whole = arrival;
  }
  return lost;
}

/** Notes what each may be a piece of. Only once all that is whole is known: all mail may have one Message-ID. */
function noteLonger(standing: readonly Standing[], arrivals: Iterable<Arrival>): void {
  const perhaps = groupBy(standing, ({ whole, messageId }) => (whole === undefined ? messageId : undefined));
  for (const arrival of arrivals)
    for (const one of perhaps.get(arrival.messageId ?? '') ?? [])
      if (arrival.receipt.octets > one.withoutFields) one.longer.push(arrival);
}

/** The first of those of which it can be a piece, where it is none of them with less in its header. */
async function pieceOf(
  file: FileHandle,
  { content, end, longer, ...one }: Standing,
): Promise<Arrival | undefined> {
  if (longer.length === 0) return undefined;
  const start = await readAt(file, content, Math.min(end - content, START_OCTETS));
  const isHeaderWhole = start.includes('\n\n');
  const { asStored, others } = await readForms(blocksOf(file, content, content + start.length), (header) => [
    withoutReadersFields(header),
  ]);
  const [without = asStored] = others;
  const pieces = longer.filter(({ receipt, headerSha256 }) => {
    if (headerSha256 === asStored.received.headerSha256) return receipt.octets > one.octets;
    if (headerSha256 === without.received.headerSha256 || !isHeaderWhole) return true;
    return receipt.octets > one.withoutFields + FIELDS_OCTETS;
  });
  return pieces.length === longer.length ? pieces[0] : undefined;
}
