import { readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { callsFor, type FolderCalls } from '../durable/folder-calls.ts';
import { MailError } from '../errors.ts';
import type { Destination } from './destination.ts';
import { HandedOver } from './handed-over/handed-over.ts';
import { mda } from './handed-over/mda.ts';
import { Maildir } from './maildir/maildir.ts';
import { Mbox, type MboxSurroundings } from './mbox/mbox.ts';
import { type DestinationSettings, destinationName, isPlace, type PlaceSettings } from './settings.ts';

/** What a destination needs besides its settings: only an mbox needs all of it. */
export interface DestinationSurroundings extends MboxSurroundings {
  /** A folder of ours, in which a large message waits to be handed over. */
  readonly spoolFolder: string;
  /** Whether mail was delivered there before: then it is not created where it is missing, but reported. */
  readonly usedBefore: boolean;
  /** The name of the account, for what is to be done about it. */
  readonly account?: string | undefined;
}

/** As many links lead from one to the next on Linux. */
const LINKS_FOLLOWED = 40;

/**
 * Opens a destination for writing, creating what is missing, so that whatever is wrong with it shows before the
 * first message is retrieved. Raises `destination-unusable`, `destination-locked`, `destination-io` or `disk-full`.
 */
export async function openDestination(
  settings: DestinationSettings,
  { usedBefore, account, spoolFolder, ...surroundings }: DestinationSurroundings,
): Promise<Destination> {
  const name = destinationName(settings);
  if (!isPlace(settings)) {
    const { runtime } = surroundings;
    const spoolPath = (): string => join(spoolFolder, `.spool.${runtime.randomHex(8)}`);
    if (settings.type === 'mda') {
      const { lineEndings } = settings;
      return new HandedOver({ name, lineEndings, spoolPath, take: mda(settings, account ?? '') });
    }
    // Loaded when it is wanted: most polls do without.
    const { mailServer } = await import('./handed-over/mail-server.ts');
    const take = mailServer(settings, runtime.hostName);
    return new HandedOver({ name, lineEndings: 'as-received', spoolPath, take });
  }
  const calls = await callsFor(settings.path);
  if (usedBefore) await assertThere(settings, calls, account);
  return settings.type === 'maildir'
    ? Maildir.open(settings, name, surroundings.runtime, calls)
    : Mbox.open(settings, name, surroundings);
}

/**
 * Raises `destination-unusable` where a destination that was used before may be on a disk that is not mounted: mail must not go
 * to the empty mount point. A Maildir that was used has its `cur`. An mbox may have been removed by a mail program when it was
 * empty: then something else must be in its folder. A link that leads to no mbox may lead to such a disk, whatever is beside it.
 */
export async function assertThere(
  settings: PlaceSettings,
  calls: FolderCalls,
  account: string = 'ACCOUNT',
): Promise<void> {
  const { type, path } = settings;
  const isThere =
    type === 'maildir' ? await isFolder(join(path, 'cur'), calls) : await mayHoldMbox(path, calls);
  if (isThere) return;
  const command = type === 'maildir' ? `mkdir -p ${join(path, 'cur')}` : await commandToMakeMbox(path);
  throw new MailError(
    'destination-unusable',
    `The ${type} ${path} is not there, although mail was delivered there before.`,
    {
      hint: `Mount the disk it is on; if it is gone, create it again with: ${command}. What the server still has of what was in it comes once more after: mailferry refetch ${account}`,
    },
  );
}

async function mayHoldMbox(path: string, calls: FolderCalls): Promise<boolean> {
  if (await calls.stat(path).catch(() => undefined)) return true;
  if ((await targetOf(path)) !== path || !(await isFolder(dirname(path), calls))) return false;
  // A folder that may be written to but not read shows nothing either way.
  const names = await calls.readdir(dirname(path)).catch(() => [path]);
  return names.length > 0;
}

async function commandToMakeMbox(path: string): Promise<string> {
  const file = await targetOf(path);
  return `mkdir -p ${dirname(file)}; touch ${file}`;
}

/** Where symbolic links lead to from here, though nothing need be there; the path itself where it is none. */
async function targetOf(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < LINKS_FOLLOWED; links += 1) {
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) break;
    target = resolve(dirname(target), next);
  }
  return target;
}

async function isFolder(path: string, calls: FolderCalls): Promise<boolean> {
  const found = await calls.stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
