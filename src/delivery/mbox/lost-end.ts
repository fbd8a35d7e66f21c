import type { FileHandle } from 'node:fs/promises';
import { groupBy } from '../../group-by.ts';
import type { Arrival, RecordedArrivals } from '../destination.ts';
import { standingAt } from './intents.ts';
import { fromLineAt, openMbox, steadily } from './reading.ts';

/** What a record tells of whether its message stands where it was appended, and of when that was. */
type Appended = Pick<Arrival, 'record' | 'deliveredAt' | 'receipt'>;

/**
 * Which of these records, whose messages do not stand in an mbox any more, were lost with its end: it was cut between two messages,
 * or put back as it was before they came. The last one that came before them stands where it was appended, as it was, and behind it
 * nothing, or what was appended there after they were gone. A mail program that deletes the last messages notes in the others that
 * they were seen, so that these are not as they were; where one leaves no mark, somebody is asked in vain. What others have
 * appended there since hides the loss.
 */
export async function lostBehindEnd(
  destination: string,
  missing: ReadonlySet<number>,
  records: RecordedArrivals,
): Promise<ReadonlySet<number>> {
  if (missing.size === 0) return new Set();
  await using file = await openMbox(destination);
  if (file === undefined) return new Set();
  return await steadily(file, async () => {
    const { size } = await file.stat();
    const appended = appendedIn(destination, { size, missing }, records);
    return new AppendedMail(file, size, appended).lost(missing);
  });
}

/** What is asked about, and what can stand where it was appended: all else was behind the end that the mbox has now. */
function appendedIn(
  destination: string,
  { size, missing }: { readonly size: number; readonly missing: ReadonlySet<number> },
  records: RecordedArrivals,
): readonly Appended[] {
  const appended: Appended[] = [];
  for (const { record, deliveredAt, receipt } of records.arrivals(destination))
    if (Number(receipt.location) < size || missing.has(record))
      appended.push({ record, deliveredAt, receipt });
  return appended;
}

/** Mail of an open mbox in the order in which it was appended. What stands where is read once, and only as far as it is asked for. */
class AppendedMail {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #inOrder: readonly Appended[];
  readonly #byPlace: ReadonlyMap<number, readonly Appended[]>;
  /** By the index of a message, that of the last one up to it that stands; -1 where none does. */
  readonly #standing = new Map<number, number>();

  constructor(file: FileHandle, size: number, inOrder: readonly Appended[]) {
    this.#file = file;
    this.#size = size;
    this.#inOrder = inOrder;
    this.#byPlace = groupBy(inOrder, ({ receipt }) => Number(receipt.location));
  }

  async lost(missing: ReadonlySet<number>): Promise<ReadonlySet<number>> {
    const lost = new Set<number>();
    for (const [index, one] of this.#inOrder.entries()) {
      if (!missing.has(one.record)) continue;
      const before = await this.#lastBefore(one, index);
      if (before !== undefined && (await this.#wasEnd(before, one))) lost.add(one.record);
    }
    return lost;
  }

  /** The last that came before a message, also by the clock, and stands. */
  async #lastBefore(one: Appended, index: number): Promise<Appended | undefined> {
    for (let at = index - 1; at >= 0; at -= 1) {
      at = await this.#standingUpTo(at);
      const before = this.#inOrder[at];
      if (before === undefined || before.deliveredAt <= one.deliveredAt) return before;
    }
    return undefined;
  }

  async #standingUpTo(index: number): Promise<number> {
    let at = index;
    while (at >= 0 && !this.#standing.has(at) && !(await this.#stands(this.#inOrder[at]))) at -= 1;
    const found = this.#standing.get(at) ?? at;
    for (let passed = at; passed <= index; passed += 1) this.#standing.set(passed, found);
    return found;
  }

  async #stands(one: Appended | undefined): Promise<boolean> {
    if (one === undefined || Number(one.receipt.location) >= this.#size) return false;
    return (await standingAt(this.#file, [one.receipt])).size > 0;
  }

  /** Whether the mbox ended behind `before` once `lost` had been there: it does now, or what stands behind came later. */
  async #wasEnd(before: Appended, lost: Appended): Promise<boolean> {
    const start = Number(before.receipt.location);
    const line = (await fromLineAt(this.#file, start)) ?? '';
    // An empty line is behind it.
    const end = start + line.length + before.receipt.octets + 1;
    if (this.#size === end) return true;
    for (const one of this.#byPlace.get(end) ?? [])
      if (one.record > lost.record && one.deliveredAt >= lost.deliveredAt && (await this.#stands(one)))
        return true;
    return false;
  }
}
