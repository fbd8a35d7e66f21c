import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MailError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import type { Destination, Intent } from './destination.ts';
import { Maildir } from './maildir.ts';
import { Mbox } from './mbox.ts';
import type { DestinationSettings } from './settings.ts';

export interface DestinationSurroundings {
  readonly runtime: Runtime;
  /** Resolves when the intents of this destination survive loss of power. */
  readonly intend: (intents: readonly Intent[]) => Promise<void>;
  /** Whether mail was delivered there before: then a missing folder is not created but reported. */
  readonly usedBefore: boolean;
}

/** What a destination is called in the ledger, in logs and in reports. */
export function destinationName({ type, path }: DestinationSettings): string {
  return `${type}:${path}`;
}

/**
 * Opens a destination for writing, creating what is missing, so that whatever is wrong with it shows before the
 * first message is retrieved. Raises `destination-unusable`, `destination-io` or `disk-full`.
 */
export async function openDestination(
  settings: DestinationSettings,
  { runtime, intend, usedBefore }: DestinationSurroundings,
): Promise<Destination> {
  const name = destinationName(settings);
  if (usedBefore) await refuseMissing(settings);
  return settings.type === 'maildir'
    ? Maildir.open(settings, name, runtime)
    : Mbox.open(settings, name, { runtime, intend });
}

/** A disk that is not mounted looks like a Maildir that is not there; mail must not go to the mount point's folder. */
async function refuseMissing(settings: DestinationSettings): Promise<void> {
  const folder = settings.type === 'maildir' ? settings.path : dirname(settings.path);
  const exists = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (exists) return;
  throw new MailError(
    'destination-unusable',
    `${folder} is not there, although mail was delivered there before.`,
    {
      hint: `Mount the disk it is on; if it was removed on purpose, create it again with: mkdir -p ${folder}`,
    },
  );
}
