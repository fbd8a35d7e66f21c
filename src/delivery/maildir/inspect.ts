import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Receipt, StoredState } from '../destination.ts';
import { isUnreadable, readingFailed } from '../errors.ts';
import { deliveredAt } from './names.ts';
import { StoredFiles } from './stored-files.ts';

/** Re-reads messages of a Maildir and compares them with their receipts. */
export async function* inspectMaildir(
  path: string,
  receipts: Iterable<Receipt>,
): AsyncGenerator<StoredState, void, undefined> {
  // How line ends were changed matters only to what was received, which is not asked for here.
  const files = new StoredFiles(path, 'lf');
  let madeAt: number | undefined;
  for (const receipt of receipts) {
    const state = await stateOf(receipt, { path, files });
    if (state !== 'missing') {
      yield state;
      continue;
    }
    madeAt ??= await birthOf(join(path, 'new'));
    const delivered = deliveredAt(receipt.location) ?? Number.POSITIVE_INFINITY;
    // No name has a time before its folder was made.
    yield madeAt > delivered ? 'lost' : 'missing';
  }
}

async function stateOf(
  { location, sha256, hashOf }: Receipt,
  { path, files }: { path: string; files: StoredFiles },
): Promise<StoredState> {
  try {
    const stored = await files.read(location);
    if (stored === undefined) return 'missing';
    return (hashOf === 'crlf' ? stored.crlfSha256 : stored.sha256) === sha256 ? 'intact' : 'changed';
  } catch (error) {
    if (isUnreadable(error)) return 'unreadable';
    throw readingFailed(path, error);
  }
}

/** When a folder was made, in milliseconds since 1970; 0 where its file system does not know. */
async function birthOf(path: string): Promise<number> {
  const { birthtimeMs } = await stat(path);
  return birthtimeMs;
}
