import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../../durable/regular-file.ts';
import { headerField } from '../../message/header-field.ts';
import { START_OCTETS } from '../../message/message-start.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Arrival, Receipt, RecordedArrivals } from '../destination.ts';
import { partsOfName } from '../settings.ts';
import { type Bounds, readBounds } from './bounds.ts';
import { blocksOf, readAt, readingAhead } from './reading.ts';
import { readForms } from './stored-forms.ts';

/** What mail programs take out of a header is not more: `Content-Length` and the like, with which the message came. */
const FIELDS_OCTETS = 512;

/** A message that stands in an mbox, and what came there under its Message-ID. */
interface Standing extends Pick<Bounds, 'start' | 'content' | 'end'> {
  /** Size in octets, without From_ line and the empty line after: as it is, and without what mail programs write into a header. */
  readonly octets: number;
  readonly withoutFields: number;
  /** What it may be a piece of. */
  readonly longer: Arrival[];
  /** The last that it is the whole of. */
  whole: Arrival | undefined;
}

/**
 * Which of these records were lost with the end of an mbox, and of what only a piece stands there since: of the message itself, or of
 * one that came before it, and nothing that came between the two stands behind the piece. Mail programs remove whole messages, and
 * write something into those that they leave, or take out what they write themselves.
 */
export async function lostWithEnd(
  destination: string,
  missing: ReadonlySet<number>,
  records: RecordedArrivals,
): Promise<ReadonlyMap<number, Receipt>> {
  const { type, path } = partsOfName(destination);
  if (type !== 'mbox' || missing.size === 0) return new Map();
  // Whoever asks has just read it, or knows that it is not there.
  const file = await openRegular(path).catch(() => undefined);
  if (file === undefined) return new Map();
  try {
    const standing = await messagesOf(file);
    const lost = match(standing, records.arrivals(destination), missing);
    const all = [...standing.values()].flat();
    const causes = new Map<number, Receipt>();
    for (const one of all) {
      const whose = one.whole === undefined ? await pieceOf(file, one) : undefined;
      if (whose === undefined) continue;
      const piece = { ...whose.receipt, location: String(one.start) };
      const behind = all.flatMap(({ start, whole }) => (start > one.start && whole ? [whole] : []));
      for (const arrival of lost) if (isCutWith(arrival, whose, behind)) causes.set(arrival.record, piece);
    }
    return causes;
  } finally {
    await file.close();
  }
}

/** Where the order of records and the clock, which may have been set back, do not agree, it counts as cut. */
function isCutWith(lost: Arrival, whose: Arrival, behind: readonly Arrival[]): boolean {
  if (lost.record === whose.record) return true;
  return !isBefore(lost, whose) && !behind.some((one) => isBefore(one, lost));
}

function isBefore(one: Arrival, other: Arrival): boolean {
  return one.record < other.record && one.deliveredAt <= other.deliveredAt;
}

/** What stands in an mbox, by its Message-ID. */
async function messagesOf(file: FileHandle): Promise<ReadonlyMap<string, Standing[]>> {
  const standing = new Map<string, Standing[]>();
  const { bounds } = await readBounds(blocksOf(file, 0));
  const blocks = readingAhead(file);
  for (const { start, content, end } of bounds) {
    const parts: Buffer[] = [];
    for await (const part of blocks(content, Math.min(end, content + START_OCTETS))) parts.push(part);
    const text = Buffer.concat(parts);
    const messageId = headerField(text, 'Message-ID');
    if (messageId === undefined) continue;
    const header = text.toString('latin1', 0, text.indexOf('\n\n') + 1);
    const octets = end - content;
    const withoutFields = octets - header.length + withoutReadersFields(header).length;
    const one = { start, content, end, octets, withoutFields, longer: [], whole: undefined };
    standing.set(messageId, [...(standing.get(messageId) ?? []), one]);
  }
  return standing;
}

/** Notes what each may be, and gives what is missing. */
function match(
  standing: ReadonlyMap<string, readonly Standing[]>,
  arrivals: Iterable<Arrival>,
  missing: ReadonlySet<number>,
): readonly Arrival[] {
  const lost: Arrival[] = [];
  for (const arrival of arrivals) {
    if (missing.has(arrival.record)) lost.push(arrival);
    const { octets } = arrival.receipt;
    for (const one of standing.get(arrival.messageId ?? '') ?? []) {
      if (octets === one.octets || octets === one.withoutFields) {
        if (one.whole === undefined || isBefore(one.whole, arrival)) one.whole = arrival;
      } else if (octets > one.withoutFields) one.longer.push(arrival);
    }
  }
  return lost;
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
