import { access, constants, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { octetsText } from '../config/size.ts';
import { deliveryFailed } from '../delivery/errors.ts';
import { refuseForeignOwner } from '../delivery/foreign-owner.ts';
import { refuseForeign } from '../delivery/mbox/foreign.ts';
import { openDestination } from '../delivery/open-destination.ts';
import {
  type DestinationSettings,
  destinationName,
  type ImapSettings,
  isPlace,
  type MailServerSettings,
  type PlaceSettings,
} from '../delivery/settings.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import { createExclusively } from '../durable/file-writer.ts';
import { nearestFolder } from '../durable/nearest-folder.ts';
import { openRegular } from '../durable/regular-file.ts';
import { asMailError, MailError } from '../errors.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { Runtime } from '../runtime.ts';
import { examineMount } from './mount-point.ts';
import { examineProgram } from './program.ts';
import { doubtful, good, type Step, wrong } from './step.ts';

/** File systems that another machine keeps, by the number that Linux gives them: what locks do there is uncertain. */
const REMOTE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
]);

/** Room for the ledger and for what arrives meanwhile. */
const SPARE_OCTETS = 16 * 1024 * 1024;

export interface PlaceQuestion {
  /** The name of the account. */
  readonly account: string;
  readonly runtime: Runtime;
  /** Undefined when the ledger cannot be had. */
  readonly ledger: AccountLedger | undefined;
  /** What the next poll would store there. */
  readonly octets: number;
}

/** Whether mail can be written to a destination: it is opened as a poll opens it, and a file is written and removed. */
export async function examineDestination(
  settings: DestinationSettings,
  question: PlaceQuestion,
): Promise<Step> {
  if (settings.type === 'mda') return examineProgram(settings);
  const { runtime } = question;
  if (settings.type === 'imap') return examineAnswer(settings, () => greetMailbox(settings, runtime));
  if (!isPlace(settings))
    return examineAnswer(settings, async () => {
      const { greetMailServer } = await import('../delivery/handed-over/mail-server.ts');
      await greetMailServer(settings, runtime.hostName);
      return ' answers';
    });
  const { type, path } = settings;
  const folder = type === 'mbox' ? dirname(path) : path;
  try {
    const there = await nearestFolder(folder);
    const isNew = there !== folder;
    if (type === 'mbox') await refuseForeignFile(path);
    await refuseForeignOwner(settings);
    const { ledger } = question;
    const usedBefore = ledger?.used(destinationName(settings)) ?? false;
    const known = ledger?.folderOf(destinationName(settings));
    // The lock of an mbox is a file next to it.
    if (type === 'mbox') await probe(there, runtime);
    if (usedBefore || !isNew) await openAndClose(settings, { ...question, usedBefore, known });
    if (type === 'maildir') await writeAndRemove(isNew ? there : join(path, 'tmp'), runtime);
    const { free, remote } = await fileSystemOf(there);
    if (free < question.octets) throw tooFull(there, free, question.octets);
    const name = destinationName(settings);
    if (remote !== undefined && type === 'mbox') {
      return doubtful(
        'destination',
        `${name} can be written, but it is on ${remote}, where locks may not keep other programs out`,
        'Use a Maildir, which needs no lock, or a disk of this machine.',
      );
    }
    const unmounted = await examineMount(there);
    if (unmounted !== undefined) return unmounted;
    const room = `${octetsText(free)} free`;
    if (free < question.octets + SPARE_OCTETS) {
      return doubtful(
        'destination',
        `${name} can be written, but there is little room: ${room}`,
        'Make room.',
      );
    }
    return good(
      'destination',
      `${name} ${isNew ? 'will be made; its place' : ''} can be written, ${room}`.replace('  ', ' '),
    );
  } catch (thrown) {
    return wrong('destination', deliveryFailed(path, thrown));
  }
}

/** What is there to be said of a mailbox that takes the login. */
async function greetMailbox(settings: ImapSettings, runtime: Runtime): Promise<string> {
  const { ImapMailbox } = await import('../delivery/handed-over/imap/mailbox.ts');
  const nothing = { recordedAt: () => [], recordedAs: () => [] };
  const isThere = await new ImapMailbox(settings, { runtime, ...nothing }).greet();
  const isNew = isThere === false ? '; the mailbox is not there yet, and will be made' : '';
  return `: the server takes the login${isNew}`;
}

/** Whether who takes mail over answers; what `greet` resolves to ends the sentence about it. */
async function examineAnswer(
  settings: ImapSettings | MailServerSettings,
  greet: () => Promise<string>,
): Promise<Step> {
  try {
    return good('destination', `${destinationName(settings)}${await greet()}`);
  } catch (thrown) {
    return wrong('destination', asMailError(thrown));
  }
}

/** What this machine alone shows to be wrong with the folder of the ledger; undefined when nothing is. Writes nothing. */
export async function examineStateFolderHere(stateDir: string): Promise<Step | undefined> {
  try {
    await access(await nearestFolder(stateDir), constants.W_OK);
    const step = await examineStateFolder(stateDir);
    return step.state === 'good' ? undefined : step;
  } catch (thrown) {
    const found = deliveryFailed(stateDir, thrown).message;
    const hint = 'Set "stateDir" to a folder that this user can write to.';
    return wrong('ledger', new MailError('ledger', found, { hint }));
  }
}

/** Whether the folder of the ledger is on a disk of this machine, as SQLite needs it. */
export async function examineStateFolder(stateDir: string): Promise<Step> {
  try {
    const { free, remote } = await fileSystemOf(await nearestFolder(stateDir));
    if (remote !== undefined) {
      return doubtful(
        'ledger',
        `${stateDir} is on ${remote}, where its locks and its log may fail`,
        'Set "stateDir" to a folder on a disk of this machine.',
      );
    }
    if (free < SPARE_OCTETS) return doubtful('ledger', `there is little room for ${stateDir}`, 'Make room.');
    return good('ledger', `${stateDir} is sound, and nobody else is at work with it`);
  } catch (thrown) {
    return wrong('ledger', asMailError(thrown));
  }
}

/** Raises `destination-unusable` for a file that is no mbox, without locking it. */
export async function refuseForeignFile(path: string): Promise<void> {
  // What cannot be read is for the other looks at this place to name, and a missing file is none of them.
  await using file = await openRegular(path).catch(() => undefined);
  if (file === undefined) return;
  await refuseForeign(file, path);
}

async function openAndClose(
  settings: PlaceSettings,
  {
    runtime,
    account,
    usedBefore,
    known,
  }: Pick<PlaceQuestion, 'runtime' | 'account'> & { usedBefore: boolean; known: FolderMark | undefined },
): Promise<void> {
  const destination = await openDestination(settings, {
    runtime,
    intend: () => Promise.resolve(),
    takeUnfinished: () => [],
    recordedAt: () => [],
    recordedAs: () => [],
    spoolFolder: '',
    usedBefore,
    account,
    folder: { known, note: () => Promise.resolve() },
  });
  await destination.close();
}

async function probe(folder: string, runtime: Runtime): Promise<void> {
  try {
    await writeAndRemove(folder, runtime);
  } catch (thrown) {
    throw deliveryFailed(folder, thrown);
  }
}

async function writeAndRemove(folder: string, runtime: Runtime): Promise<void> {
  const path = join(folder, `.mailferry-doctor-${runtime.randomHex(6)}`);
  const file = await createExclusively(path);
  try {
    await file.writeFile(Buffer.alloc(65_536, 1));
    await file.sync();
  } finally {
    await file.close();
    await unlink(path);
  }
}

/** How many octets are free to this user there, and which remote file system it is, if it is one. */
export async function fileSystemOf(folder: string): Promise<{ free: number; remote: string | undefined }> {
  const { bavail, bsize, type } = await statfs(folder);
  return { free: bavail * bsize, remote: REMOTE.get(type) };
}

function tooFull(folder: string, free: number, octets: number): MailError {
  return new MailError(
    'disk-full',
    `There are ${octetsText(free)} free in ${folder}, and ${octetsText(octets)} of mail to carry.`,
    {
      hint: 'Make room; the messages stay on the server until then.',
    },
  );
}
