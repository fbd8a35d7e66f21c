import { access, constants, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FolderMark } from '../durable/file-mark.ts';
import { callsFor } from '../durable/folder-calls.ts';
import { nearestFolder } from '../durable/nearest-folder.ts';
import { openRegular } from '../durable/regular-file.ts';
import { ignoreMissing } from '../errors.ts';
import { deliveryFailed } from './errors.ts';
import { refuseForeignOwner } from './foreign-owner.ts';
import { refuseForeign } from './mbox/foreign.ts';
import { assertThere } from './open-destination.ts';
import { type DestinationSettings, isPlace, type PlaceSettings } from './settings.ts';

// oxlint-disable-next-line no-bitwise -- access takes modes as bits
const TO_WRITE = constants.R_OK | constants.W_OK;
// oxlint-disable-next-line no-bitwise -- access takes modes as bits
const TO_ADD = constants.W_OK | constants.X_OK;

/**
 * Raises what `openDestination`, or the first delivery, would raise, as far as can be seen without creating, locking or writing
 * anything. What hands mail over is not looked at.
 */
export async function assertUsable(
  settings: DestinationSettings,
  known: {
    readonly usedBefore: boolean;
    readonly account: string;
    readonly folder: FolderMark | undefined;
  },
): Promise<void> {
  if (!isPlace(settings)) return;
  const calls = await callsFor(settings.path);
  if (known.usedBefore) await assertThere(settings, calls, known);
  await refuseForeignOwner(settings, calls);
  try {
    await lookAt(settings);
  } catch (error) {
    throw deliveryFailed(settings.path, error);
  }
}

async function lookAt({ type, path }: PlaceSettings): Promise<void> {
  if (type === 'maildir') {
    for (const folder of ['tmp', 'new', 'cur']) await assertAddable(join(path, folder));
    return;
  }
  // Its lock is a file beside it.
  await assertAddable(dirname(path));
  const file = await realpath(path).catch(ignoreMissing);
  if (file === undefined) return;
  await using mbox = await openRegular(file);
  await access(file, TO_WRITE);
  await refuseForeign(mbox, path);
}

/** A folder in which files can be made, or that can be made. */
async function assertAddable(path: string): Promise<void> {
  await access(await nearestFolder(path), TO_ADD);
}
