import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../durable/file-writer.ts';
import type { MboxDraft } from './draft.ts';

/** How many octets must stand before a From_ line appended at `size`, so that an empty line does. */
export async function missingSeparators(file: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const octets = Math.min(2, size);
  const { buffer } = await file.read(Buffer.alloc(octets), 0, octets, size - octets);
  const end = buffer.toString('latin1');
  if (end.endsWith('\n\n') || end === '\n') return 0;
  return end.endsWith('\n') ? 1 : 2;
}

/**
 * Writes messages one behind the other, each behind its head and with an empty line behind it; from where `written` says, which
 * tells at any time how far what the system has taken reaches.
 */
export async function writeMessages(
  file: FileHandle,
  drafts: readonly MboxDraft[],
  { heads, written }: { readonly heads: readonly Buffer[]; readonly written: { to: number } },
): Promise<void> {
  const put = (block: Buffer): Promise<void> =>
    writeAll(file, block, written.to, (octets) => {
      written.to += octets;
    });
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
 * Takes back an append that failed: cuts off what was written behind `from`, unless the file reaches beyond `to`, where
 * nothing of ours was written. Then somebody else has, and half a message too many is better than their mail cut off. Never
 * rejects, since why the append failed is what must be said; its intent stays open, and the next poll looks for it. Resolves
 * to whether nothing of it is left at the end of the file: a quota that is used up may forbid to cut it off.
 */
export async function cutBack(
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  try {
    const { size } = await file.stat();
    if (size <= from || size > to) return true;
    await file.truncate(from);
    await file.sync();
    return true;
  } catch {
    return false;
  }
}
