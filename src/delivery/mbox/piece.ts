import type { FileHandle } from 'node:fs/promises';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Intent } from '../destination.ts';
import { endOf, formsAt, type MboxRecords, offsetOf, partsOf } from './intents.ts';
import { blocksOf, fromLineAt, lastFromLine, readAt } from './reading.ts';

/**
 * A From_ line of somebody else: every `From ` at the beginning of a line, since ours are quoted; elsewhere, where another
 * program appended to half a line of ours, only one with a date.
 */
const FROM_LINE =
  /\nFrom |From [^\n]{1,400}? (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) /g;

/** What a From_ line may have in the block before. */
const OVERLAP = 512;

/** How much a mail program may write into one header. */
const FIELDS_OCTETS = 4096;

/** How many line ends a mail program may have put at the end of what is not whole. */
const LINE_ENDS = 2;

/**
 * Whether all that stands from the offset to the end of the file is a piece of our message, or that and those that we
 * appended along with it, and nobody else’s. When in doubt it is left alone: half a message too many is better than
 * somebody’s mail cut off. A truncation that failed may have overwritten the beginning with zeros, which begin nobody’s
 * mail.
 */
export async function isPieceAtEnd(
  file: FileHandle,
  intent: Intent,
  later: readonly Intent[],
): Promise<boolean> {
  const { opening } = intent;
  const offset = offsetOf(intent);
  const { size } = await file.stat();
  const octets = size - offset;
  const behind = await beginningIn(file, later);
  // Of those behind it some may have come to nothing, and lie in what was overwritten with zeros.
  const end = Math.max(...[intent, ...behind].map(endOf));
  if (octets <= 0 || size > end + 1) return false;
  const start = await readAt(file, offset, Math.min(octets, opening.length));
  if (!isBeginning(start, intent)) return false;
  const from = offset + opening.indexOf('\n');
  return !(await hasFromLine(file, { from, ours: new Set(behind.map(offsetOf)) }));
}

/**
 * Where the piece of one of these messages begins that stands at the end of an mbox, not where it was meant to be, since a
 * mail program has rewritten the mbox. It has our From_ line with its second, and begins as our message does, except for
 * what mail programs write into a header. One that lacks only line ends may be whole.
 */
export async function movedPiece(
  file: FileHandle,
  intents: readonly Intent[],
  { taken, recordedAs }: Pick<MboxRecords, 'recordedAs'> & { readonly taken: ReadonlySet<string> },
): Promise<number | undefined> {
  const { size } = await file.stat();
  const most = Math.max(...intents.map(({ receipt, opening }) => receipt.octets + opening.length));
  const start = await lastFromLine(file, size, most + FIELDS_OCTETS);
  const line = start === undefined ? undefined : await fromLineAt(file, start);
  if (start === undefined || line === undefined || taken.has(String(start))) return undefined;
  const from = start + line.length;
  const perhaps = intents.filter((intent) => partsOf(intent).fromLine === line);
  for (const intent of perhaps) {
    if (!(await beginsAs(file, { from, size }, intent))) continue;
    // Where a mail program has put no empty line behind it, its last octet is one of the message.
    const forms = [
      ...(await formsAt(file, { from, to: size - 1 }, perhaps)),
      ...(await formsAt(file, { from, to: size }, perhaps)),
    ];
    const hashes = new Set(forms.map(({ sha256 }) => sha256));
    const isWhole = perhaps.some(({ receipt }) => hashes.has(receipt.sha256));
    if (isWhole || recordedAs([...hashes]).length > 0) continue;
    if (!(await hasFromLine(file, { from: from - 1, ours: new Set() }))) return start;
  }
  return undefined;
}

/** Whether what stands from there to the end is shorter than our message, and begins as it does. */
async function beginsAs(
  file: FileHandle,
  { from, size }: { readonly from: number; readonly size: number },
  intent: Intent,
): Promise<boolean> {
  const { beginning } = partsOf(intent);
  const there = (await readAt(file, from, beginning.length + FIELDS_OCTETS)).toString('latin1');
  const forms = [
    { text: there, ours: beginning },
    { text: withoutFields(there), ours: withoutFields(beginning) },
  ];
  return forms.some(({ text, ours }) => {
    const octets = size - from - (there.length - text.length);
    if (octets + LINE_ENDS >= intent.receipt.octets) return false;
    const isAll = from + there.length >= size;
    return text.startsWith(ours) || (isAll && ours.startsWith(text.replace(/\n+$/, '')));
  });
}

function withoutFields(text: string): string {
  const end = text.indexOf('\n\n');
  return end < 0
    ? withoutReadersFields(text)
    : withoutReadersFields(text.slice(0, end + 1)) + text.slice(end + 1);
}

/** Whether a From_ line that is none of ours stands between there and the end of the file. */
async function hasFromLine(
  file: FileHandle,
  { from, ours }: { readonly from: number; readonly ours: ReadonlySet<number> },
): Promise<boolean> {
  let before = '';
  let at = from;
  for await (const block of blocksOf(file, from)) {
    const text = before + block.toString('latin1');
    for (const match of text.matchAll(FROM_LINE)) {
      const position = at - before.length + match.index + (match[0].startsWith('\n') ? 1 : 0);
      if (!ours.has(position)) return true;
    }
    before = text.slice(-OVERLAP);
    at += block.length;
  }
  return false;
}

/** The intents whose messages do begin where they were meant to. */
async function beginningIn(file: FileHandle, intents: readonly Intent[]): Promise<readonly Intent[]> {
  const there: Intent[] = [];
  for (const intent of intents) {
    const start = await readAt(file, offsetOf(intent), intent.opening.length);
    if (start.length > 0 && isBeginning(start, intent)) there.push(intent);
  }
  return there;
}

/** Whether this is the beginning of our message, the first of it perhaps overwritten with zeros. */
function isBeginning(start: Buffer, { opening }: Intent): boolean {
  const found = start.findIndex((octet) => octet !== 0);
  const zeros = found < 0 ? start.length : found;
  return start.subarray(zeros).equals(opening.subarray(zeros, start.length));
}
