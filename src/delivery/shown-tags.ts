import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { readingFailed } from './errors.ts';
import { tagOf } from './maildir/names.ts';
import type { DestinationSettings } from './settings.ts';

/** How many names are read at a time. */
const NAMES_AT_ONCE = 1024;

/**
 * Whether a file in this destination bears one of these tags: only a Maildir shows them. What cannot be read shows nothing.
 * Opens no file, and keeps no name (I7). Raises `destination-io` where the disk fails.
 */
export async function showsOneOf(
  settings: DestinationSettings,
  tags: Pick<ReadonlySet<string>, 'has'>,
): Promise<boolean> {
  if (settings.type !== 'maildir') return false;
  const { path } = settings;
  try {
    for (const folder of ['new', 'cur']) {
      for await (const { name } of await opendir(join(path, folder), { bufferSize: NAMES_AT_ONCE })) {
        const tag = tagOf(name);
        if (tag !== undefined && tags.has(tag)) return true;
      }
    }
    return false;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EACCES') return false;
    throw readingFailed(path, error);
  }
}
