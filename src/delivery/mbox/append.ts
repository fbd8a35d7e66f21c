import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../durable/file-writer.ts';
import type { MboxDraft } from './draft.ts';
import { readAt } from './reading.ts';

/** How many octets must stand before a From_ line appended at `size`, so that an empty line does. */
export async function missingSeparators(file: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const octets = Math.min(2, size);
  const { buffer } = await file.read(Buffer.alloc(octets), 0, octets, size - octets);
  const end = buffer.toString('latin1');
  if (end.endsWith('\n\n') || end === '\n') return 0;
  return end.endsWith('\n') ? 1 : 2;
}

/** How far what the system has taken reaches, and what it was given then, of which it may have written some before it failed. */
export interface Written {
  to: number;
  pending: Buffer;
}

/**
 * Writes messages one behind the other, each with its head before it and an empty line behind it. `written` says where to
 * begin, and at any time how far the system has taken it.
 */
export async function writeMessages(
  file: FileHandle,
  drafts: readonly MboxDraft[],
  { heads, written }: { readonly heads: readonly Buffer[]; readonly written: Written },
): Promise<void> {
  const put = (block: Buffer): Promise<void> => {
    written.pending = block;
    return writeAll(file, block, written.to, (octets) => {
      written.to += octets;
      written.pending = written.pending.subarray(octets);
    });
  };
  for (const [index, draft] of drafts.entries()) {
    let held = [heads[index] ?? Buffer.alloc(0)];
    for await (const block of draft.blocks()) {
      await put(Buffer.concat([...held, block]));
      held = [];
    }
    await put(Buffer.concat([...held, Buffer.from('\n')]));
  }
}

/**
 * Takes back an append that failed: cuts off what was written behind `from`, unless the file reaches further with what is
 * not ours. Then somebody else has written there, and half a message too many is better than their mail cut off. Never
 * rejects, since why the append failed is what must be said; its intent stays open, and the next poll looks for it. Resolves
 * to whether nothing of it is left at the end of the file: a quota that is used up may forbid the cut.
 */
export async function cutBack(
  file: FileHandle,
  { from, to, pending }: { readonly from: number } & Readonly<Written>,
): Promise<boolean> {
  try {
    const { size } = await file.stat();
    if (size <= from || !(await isBeginning(file, { from: to, size }, pending))) return true;
    await file.truncate(from);
    await file.sync();
    return true;
  } catch {
    return false;
  }
}

/** Whether what stands from there to the end of the file is nothing, or the beginning of this. */
async function isBeginning(
  file: FileHandle,
  { from, size }: { readonly from: number; readonly size: number },
  text: Buffer,
): Promise<boolean> {
  const octets = Math.max(0, size - from);
  if (octets > text.length) return false;
  return (await readAt(file, from, octets)).equals(text.subarray(0, octets));
}
