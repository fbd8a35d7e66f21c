import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FolderMark, mayBeSameFolder, toMark } from '../durable/file-mark.ts';
import { callsFor, type FolderCalls } from '../durable/folder-calls.ts';
import { linkTarget } from '../durable/link-target.ts';
import { MailError } from '../errors.ts';
import type { Destination } from './destination.ts';
import { refuseForeignOwner } from './foreign-owner.ts';
import { HandedOver, type Taker } from './handed-over/handed-over.ts';
import { mda } from './handed-over/mda.ts';
import { Maildir } from './maildir/maildir.ts';
import { Mbox, type MboxSurroundings } from './mbox/mbox.ts';
import {
  type DestinationSettings,
  destinationName,
  type ImapSettings,
  isPlace,
  type MailServerSettings,
  type PlaceSettings,
} from './settings.ts';

/** What a destination needs besides its settings: only an mbox needs all of it. */
export interface DestinationSurroundings extends MboxSurroundings {
  /** A folder of ours, in which a large message waits to be handed over. */
  readonly spoolFolder: string;
  /** Whether mail was delivered there before: then it is not created where it is missing, but reported. */
  readonly usedBefore: boolean;
  /** The name of the account, for what is to be done about it. */
  readonly account: string;
  /** Which folder an mbox was in when it was last opened, and how to note the one that it is in now. */
  readonly folder?: KnownFolder | undefined;
}

/** What the ledger knows of the folder of a destination. */
export interface KnownFolder {
  readonly known: FolderMark | undefined;
  /** `changedAt`: now, in milliseconds since 1970, where it was another one before. */
  readonly note: (folder: FolderMark, changedAt: number | undefined) => Promise<void>;
}

/**
 * Opens a destination for writing, creating what is missing, so that whatever is wrong with it shows before the
 * first message is retrieved. Raises `destination-unusable`, `destination-locked`, `destination-io` or `disk-full`.
 */
export async function openDestination(
  settings: DestinationSettings,
  { usedBefore, account, spoolFolder, folder, ...surroundings }: DestinationSurroundings,
): Promise<Destination> {
  const name = destinationName(settings);
  if (!isPlace(settings)) {
    const { runtime } = surroundings;
    const spoolPath = (): string => join(spoolFolder, `.spool.${runtime.randomHex(8)}`);
    if (settings.type === 'mda') {
      const { lineEndings } = settings;
      return new HandedOver({ name, lineEndings, spoolPath, taker: mda(settings, account) });
    }
    const taker = await takerOf(settings, surroundings);
    return new HandedOver({ name, lineEndings: 'crlf', spoolPath, taker });
  }
  const calls = await callsFor(settings.path);
  if (usedBefore) await assertThere(settings, calls, { account, folder: folder?.known });
  await refuseForeignOwner(settings, calls);
  if (settings.type === 'maildir') return Maildir.open(settings, name, surroundings.runtime, calls);
  const mbox = await Mbox.open(settings, name, surroundings);
  if (folder !== undefined) await noteFolder(settings.path, folder, surroundings.runtime.now());
  return mbox;
}

/** What speaks a protocol is loaded when it is wanted: most polls do without. */
async function takerOf(
  settings: MailServerSettings | ImapSettings,
  { runtime, ...records }: Pick<DestinationSurroundings, 'runtime' | 'recordedAt' | 'recordedAs'>,
): Promise<Taker> {
  if (settings.type === 'imap') {
    const { ImapMailbox } = await import('./handed-over/imap/mailbox.ts');
    return new ImapMailbox(settings, { runtime, ...records });
  }
  const { mailServer } = await import('./handed-over/mail-server.ts');
  return mailServer(settings, runtime.hostName);
}

/** Where the mbox is, its disk is mounted: so this is the folder that it has to be in. */
async function noteFolder(path: string, { known, note }: KnownFolder, now: number): Promise<void> {
  const folder = await folderOf(path).catch(() => undefined);
  if (folder === undefined || (folder.inode === known?.inode && folder.born === known.born)) return;
  await note(folder, known === undefined || mayBeSameFolder(known, folder) ? undefined : now);
}

async function folderOf(path: string): Promise<FolderMark> {
  return toMark(await stat(dirname(await linkTarget(path)), { bigint: true }));
}

/**
 * Raises `destination-unusable` where a destination that was used before may be on a disk that is not mounted: mail must not
 * go into the empty mount point. A Maildir that was used has its `cur`. A mail program may have removed an empty mbox: then
 * something else must be in its folder, and that must be the folder it was in, as far as that was noted. A link that leads
 * to no mbox may lead to such a disk, whatever is beside it.
 */
export async function assertThere(
  settings: PlaceSettings,
  calls: FolderCalls,
  { account, folder }: { readonly account: string; readonly folder: FolderMark | undefined },
): Promise<void> {
  const { type, path } = settings;
  const isThere =
    type === 'maildir' ? await isFolder(join(path, 'cur'), calls) : await mayHoldMbox(path, calls, folder);
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

async function mayHoldMbox(
  path: string,
  calls: FolderCalls,
  folder: FolderMark | undefined,
): Promise<boolean> {
  if (await calls.stat(path).catch(() => undefined)) return true;
  if ((await linkTarget(path)) !== path || !(await isFolder(dirname(path), calls))) return false;
  if (folder !== undefined && !mayBeSameFolder(folder, await folderOf(path))) return false;
  // A folder that may be written to but not read shows nothing either way.
  const names = await calls.readdir(dirname(path)).catch(() => [path]);
  return names.length > 0;
}

async function commandToMakeMbox(path: string): Promise<string> {
  const file = await linkTarget(path);
  return `mkdir -p ${dirname(file)}; touch ${file}`;
}

async function isFolder(path: string, calls: FolderCalls): Promise<boolean> {
  const found = await calls.stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
