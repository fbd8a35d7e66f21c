import type { FileHandle } from 'node:fs/promises';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { Intent, Receipt } from '../destination.ts';
import { blocksOf, fromLineAt } from './reading.ts';
import { readForms, type StoredForm } from './stored-forms.ts';

/** What the ledger knows of an mbox, by whichever account. */
export interface MboxRecords {
  /** What records say that stands here at these places. */
  readonly recordedAt: (locations: readonly string[]) => readonly Receipt[];
  /** What records say that was stored here with these hashes, wherever it stood then. */
  readonly recordedAs: (hashes: readonly string[]) => readonly Receipt[];
}

/** What was to be appended: From_ line, and how the message behind it begins, each octet as one character. */
export function partsOf({ opening }: Intent): { readonly fromLine: string; readonly beginning: string } {
  const text = opening.toString('latin1');
  const end = text.indexOf('\n') + 1;
  return { fromLine: text.slice(0, end), beginning: text.slice(end) };
}

/** Where the From_ line of a message was to stand. */
export function offsetOf({ receipt }: Intent): number {
  return Number(receipt.location);
}

/** Where it was to end, without the empty line behind it. */
export function endOf(intent: Intent): number {
  return offsetOf(intent) + intent.opening.indexOf('\n') + 1 + intent.receipt.octets;
}

/** What stands between two places, in each form in which these messages may have been appended; as it is, first. */
export async function formsAt(
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  intents: readonly Intent[],
): Promise<readonly [StoredForm, ...StoredForm[]]> {
  const { asStored, others } = await readForms(blocksOf(file, from, to), (header) => [
    withoutReadersFields(header),
    // A mail program has taken out what it had come with.
    ...intents.flatMap((intent) => wholeHeader(partsOf(intent).beginning) ?? []),
  ]);
  return [asStored, ...others];
}

/** Undefined where it goes on behind this beginning. */
function wholeHeader(beginning: string): string | undefined {
  if (beginning.startsWith('\n')) return '';
  const end = beginning.indexOf('\n\n');
  return end < 0 ? undefined : beginning.slice(0, end + 1);
}

/** The form in which this is the message that was to be appended. */
export function formOf(
  forms: readonly StoredForm[],
  { receipt }: Pick<Intent, 'receipt'>,
): StoredForm | undefined {
  return forms.find(({ octets, sha256 }) => octets === receipt.octets && sha256 === receipt.sha256);
}

/** The places at which what was recorded there still stands. */
export async function standingAt(file: FileHandle, recorded: readonly Receipt[]): Promise<Set<string>> {
  const places = new Set<string>();
  for (const receipt of recorded) {
    const start = Number(receipt.location);
    const line = await fromLineAt(file, start);
    if (line === undefined) continue;
    const from = start + line.length;
    const [asStored] = await formsAt(file, { from, to: from + receipt.octets }, []);
    if (formOf([asStored], { receipt }) !== undefined) places.add(receipt.location);
  }
  return places;
}
