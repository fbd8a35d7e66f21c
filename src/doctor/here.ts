import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AccountConfiguration } from '../config/configuration.ts';
import { providerMinimumMs, providerOfHost } from '../config/providers.ts';
import { octetsText } from '../config/size.ts';
import { deliveryFailed } from '../delivery/errors.ts';
import { FOREIGN_OWNER_HINT, foreignOwner, foreignOwnerText } from '../delivery/foreign-owner.ts';
import {
  type DestinationSettings,
  destinationName,
  type ImapSettings,
  isPlace,
} from '../delivery/settings.ts';
import { nearestFolder } from '../durable/nearest-folder.ts';
import { asMailError, MailError } from '../errors.ts';
import { formatDuration } from '../schedule/duration.ts';
import type { Secret } from '../secret.ts';
import { describeSystemError } from '../wire/errors.ts';
import { secureContext } from '../wire/trust.ts';
import { examineMount } from './mount-point.ts';
import { fileSystemOf, refuseForeignFile } from './places.ts';
import { examineCommand, examineProgram } from './program.ts';
import { doubtful, type Step, wrong } from './step.ts';

/** What the daemon has and this command may not: its environment and its credentials. */
const ELSEWHERE: ReadonlySet<AccountConfiguration['passwordFrom']> = new Set(['env', 'credential']);

/** Less room than this is worth a word. */
const LITTLE_ROOM_OCTETS = 16 * 1024 * 1024;

/**
 * What this machine alone shows to be wrong with an account, or doubtful: where its password comes from, where its mail
 * goes, how often it is polled. Touches no network, runs no command, writes nothing. Never raises for what it finds.
 */
export async function examineHere(configured: AccountConfiguration, now: number): Promise<readonly Step[]> {
  const { account } = configured;
  const places = await Promise.all(account.destinations.map(examinePlace));
  const { preconnect, afterMail } = configured;
  return [
    await examinePassword(account.password, configured.passwordFrom),
    preconnect && (await examineCommand('preconnect', preconnect)),
    ...places,
    examinePace(configured, now),
    afterMail && (await examineCommand('afterMail', afterMail)),
  ].filter((step) => step !== undefined);
}

async function examinePassword(
  password: () => Promise<Secret>,
  from: AccountConfiguration['passwordFrom'],
): Promise<Step | undefined> {
  if (from === 'command') return undefined;
  try {
    return blankEnd(await password());
  } catch (thrown) {
    const error = asMailError(thrown);
    if (!ELSEWHERE.has(from)) return wrong('password', error);
    return doubtful(
      'password',
      error.message,
      `${error.hint ?? ''} It counts where \`run\` or \`fetch\` is started.`.trim(),
    );
  }
}

/** A blank at an end of a password is nearly always one that an editor or a copy left there. */
export function blankEnd(password: Secret): Step | undefined {
  if (password.reveal() === password.reveal().trim()) return undefined;
  return doubtful(
    'password',
    'it begins or ends with a blank',
    'If the login is refused, take the blank away.',
  );
}

async function examinePlace(settings: DestinationSettings): Promise<Step | undefined> {
  if (settings.type === 'mda') return unlessGood(await examineProgram(settings));
  if (settings.type === 'imap') return examineMailboxHere(settings);
  // Only the network can tell.
  if (!isPlace(settings)) return undefined;
  const { type, path } = settings;
  try {
    const there = await nearestFolder(type === 'mbox' ? dirname(path) : path);
    const mbox = type === 'mbox' ? await stat(path).catch(() => undefined) : undefined;
    if (mbox?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    if (type === 'mbox') await refuseForeignFile(path);
    if (mbox !== undefined) await access(path, constants.W_OK);
    await access(there, constants.W_OK).catch((thrown: unknown) => {
      // The lock of an mbox is a file next to it.
      throw deliveryFailed(mbox === undefined ? path : there, thrown);
    });
    const owner = await foreignOwner(settings);
    // Root may only ask here for the user that will carry the mail.
    if (owner !== undefined)
      return doubtful('destination', foreignOwnerText(settings, owner), FOREIGN_OWNER_HINT);
    const { free } = await fileSystemOf(there);
    if (free >= LITTLE_ROOM_OCTETS) return await examineMount(there);
    if (free === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    const room = `${octetsText(free)} free`;
    return doubtful(
      'destination',
      `there is little room for ${destinationName(settings)}: ${room}`,
      'Make room.',
    );
  } catch (thrown) {
    return wrong('destination', deliveryFailed(path, thrown));
  }
}

/** Its password is not that of the account. */
async function examineMailboxHere(settings: ImapSettings): Promise<Step | undefined> {
  const anchors = await examineAnchors(settings);
  if (anchors !== undefined) return anchors;
  const step = await examinePassword(settings.password, settings.passwordFrom);
  return step && { ...step, step: 'destination', found: `${destinationName(settings)}: ${step.found}` };
}

/** Whom its server is trusted to be vouched for by: read anew for each session, so that a missing file shows nowhere else. */
async function examineAnchors({ caFile }: ImapSettings): Promise<Step | undefined> {
  if (caFile === undefined) return undefined;
  try {
    secureContext({ ca: [await readFile(caFile, 'utf8')], clientCertificate: undefined });
    return undefined;
  } catch (thrown) {
    const why =
      thrown instanceof MailError ? 'it is no certificate in PEM form' : describeSystemError(thrown);
    return wrong(
      'destination',
      new MailError('config', `The file ${caFile} cannot be used: ${why}.`, {
        hint: 'Correct "caFile" of the destination.',
      }),
    );
  }
}

function unlessGood(step: Step): Step | undefined {
  return step.state === 'good' ? undefined : step;
}

/**
 * What is doubtful about how often an account is polled: a poll that comes more often than the provider allows, or than the
 * server has announced (in milliseconds), is put off by the daemon.
 */
export function examinePace(
  { account, schedule }: AccountConfiguration,
  now: number,
  announcedMs = 0,
): Step | undefined {
  const least = Math.max(announcedMs, providerMinimumMs(account.host));
  const first = schedule.next(new Date(now));
  if (schedule.next(first).getTime() - first.getTime() >= least) return undefined;
  const who = announcedMs >= least ? 'the server' : (providerOfHost(account.host)?.name ?? 'the provider');
  const wish = formatDuration(least);
  return doubtful('schedule', `${who} wants ${wish} between two logins`, `Set: schedule: every ${wish}`);
}
