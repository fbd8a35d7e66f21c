import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Receipt, RecordedReceipts, StoredState } from './destination.ts';
import { isUnreadable, readingFailed } from './errors.ts';
import { StoredFiles } from './maildir-file.ts';
import { deliveredAt } from './maildir-name.ts';
import { inspectMbox } from './mbox-scan.ts';
import { partsOfName } from './settings.ts';

/**
 * As `Destination.inspect`, for a place that need not be configured any more: nothing is created, locked or written there. Where
 * there is nothing at all, everything is `lost`; where it may not be looked at, `unreadable` (I9).
 */
export async function* inspectPlace(
  destination: string,
  receipts: Iterable<Receipt>,
  records: RecordedReceipts,
): AsyncGenerator<StoredState, void, undefined> {
  const { type, path } = partsOfName(destination);
  const instead = await stateOfAll(type === 'maildir' ? join(path, 'cur') : path);
  if (instead !== undefined) for (const _ of receipts) yield instead;
  else if (type === 'maildir') yield* inspectMaildir(path, receipts);
  else yield* inspectMbox(path, receipts, (hashes) => records.recordedAs(destination, hashes));
}

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

/** Where a place cannot be looked at, one state is that of everything in it. */
async function stateOfAll(path: string): Promise<StoredState | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '') ? 'lost' : 'unreadable';
  }
}
