import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Receipt, StoredState } from './destination.ts';
import { inspectMaildir } from './maildir/inspect.ts';
import { inspectMbox } from './mbox/inspect.ts';
import { isPlaceName, partsOfName } from './settings.ts';

/**
 * As `Destination.inspect`, for a place that need not be configured any more: nothing is created, locked or written there. Where
 * there is nothing at all, everything is `lost`; where it may not be looked at, `unreadable` (I9).
 */
export async function* inspectPlace(
  destination: string,
  receipts: Iterable<Receipt>,
): AsyncGenerator<StoredState, void, undefined> {
  const { type, path } = partsOfName(destination);
  const instead = isPlaceName(destination)
    ? await stateOfAll(type === 'maildir' ? join(path, 'cur') : path)
    : 'handed-over';
  if (instead !== undefined) for (const _ of receipts) yield instead;
  else if (type === 'maildir') yield* inspectMaildir(path, receipts);
  else yield* inspectMbox(path, receipts);
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
