import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../durable/file-writer.ts';
import { groupBy } from '../../group-by.ts';
import type { Intent, Receipt, Recovered } from '../destination.ts';
import { readBounds } from './bounds.ts';
import { formOf, formsAt, type MboxRecords, partsOf, standingAt } from './intents.ts';
import { blocksOf, fromLineAt } from './reading.ts';
import type { StoredForm } from './stored-forms.ts';
import { unmarkedContent } from './unmarked.ts';

/** A message that may be one that was to be appended. */
interface Copy {
  readonly start: number;
  readonly asStored: StoredForm;
  /** The hash of it without the fields that mail programs write, where it has such. */
  readonly unmarkedSha256: string | undefined;
  /** The form in which it is that message. */
  readonly form: StoredForm;
  /** Where the empty line behind it is missing: it is written last. */
  readonly unended: number | undefined;
}

/**
 * Looks through a whole mbox for messages that were appended and do not stand where they were meant to, since a mail program
 * has rewritten it, as they do when a message is read or deleted. What such a program writes into a header does not count;
 * the From_ line, with its second, has to be the same. What stands at a place that is `taken`, and what records stand for,
 * is another message (I1).
 */
export async function searchAppended(
  file: FileHandle,
  intents: readonly Intent[],
  { taken, recordedAs }: Pick<MboxRecords, 'recordedAs'> & { readonly taken: ReadonlySet<string> },
): Promise<ReadonlyMap<string, Recovered>> {
  const found = new Map<string, Recovered>();
  const copies = await copiesOf(file, intents, taken);
  if (copies.size === 0) return found;
  const recorded = recordedAs([...copies].flatMap(([sha256, all]) => [...hashesOf(sha256, all)]));
  const inPlace = await standingAt(file, recorded);
  for (const { tag, receipt } of intents) {
    const { sha256, destination } = receipt;
    const all = copies.get(sha256) ?? [];
    const free = all.filter(({ start }) => !inPlace.has(String(start)));
    // Each record that does not stand at its place may stand for one of them.
    const hashes = hashesOf(sha256, all);
    const moved = recorded.filter((one) => hashes.has(one.sha256) && !inPlace.has(one.location));
    const copy = free[moved.length];
    if (copy === undefined) continue;
    const { start, asStored, unmarkedSha256, form, unended } = copy;
    if (unended !== undefined) await writeAll(file, Buffer.from('\n'), unended);
    copies.set(
      sha256,
      free.filter((one) => one !== copy),
    );
    const there: Receipt = {
      destination,
      location: String(start),
      octets: asStored.octets,
      sha256: asStored.sha256,
      unmarkedSha256,
    };
    found.set(tag, { receipt: there, received: form.received });
  }
  return found;
}

/** With what a record may say that one of these was stored: as it was to be, or as it stands there. */
function hashesOf(sha256: string, copies: readonly Copy[]): ReadonlySet<string> {
  return new Set([sha256, ...copies.map(({ asStored }) => asStored.sha256)]);
}

/** What stands there of these messages, by the hash that each was to be stored with. */
async function copiesOf(
  file: FileHandle,
  intents: readonly Intent[],
  taken: ReadonlySet<string>,
): Promise<Map<string, readonly Copy[]>> {
  const wanted = groupBy(intents, (intent) => partsOf(intent).fromLine);
  const copies = new Map<string, readonly Copy[]>();
  const { bounds } = await readBounds(blocksOf(file, 0));
  for (const { start, end } of bounds) {
    const line = taken.has(String(start)) ? undefined : await fromLineAt(file, start);
    const perhaps = line === undefined ? undefined : wanted.get(line);
    if (line === undefined || perhaps === undefined) continue;
    const isLast = start === bounds.at(-1)?.start;
    const from = start + line.length;
    for (const to of isLast ? [end, end + 1] : [end]) {
      const forms = await formsAt(file, { from, to }, perhaps);
      const form = forms.find((one) => perhaps.some((intent) => formOf([one], intent) !== undefined));
      if (form === undefined) continue;
      const unmarked = await unmarkedContent(blocksOf(file, from, to));
      const unended = to > end ? to : undefined;
      const copy: Copy = { start, asStored: forms[0], unmarkedSha256: unmarked?.sha256, form, unended };
      copies.set(form.sha256, [...(copies.get(form.sha256) ?? []), copy]);
      break;
    }
  }
  return copies;
}
