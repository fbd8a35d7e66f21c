import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Environment } from './places.ts';

/** A file that was read whole. */
export interface SmallFile {
  readonly content: Buffer;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/** Says in few words why a file cannot be read. */
export class UnreadableError extends Error {}

/**
 * Reads a regular file of at most `maxOctets`. Raises `UnreadableError`, whose message fits after "cannot read FILE: ".
 * A pipe or a device is refused instead of waited for (I7).
 */
export async function readSmallFile(path: string, maxOctets: number): Promise<SmallFile> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // oxlint-disable-next-line no-bitwise -- open takes flags as bits
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    throw new UnreadableError(unreadableReason(thrown), { cause: thrown });
  }
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new UnreadableError('it is a folder');
    if (!status.isFile()) throw new UnreadableError('it is not a regular file');
    if (status.size > maxOctets) throw new UnreadableError(`it is larger than ${maxOctets} octets`);
    // oxlint-disable-next-line no-bitwise -- the permissions are the low bits
    return { content: await file.readFile(), mode: status.mode & 0o7777 };
  } catch (thrown) {
    if (thrown instanceof UnreadableError) throw thrown;
    throw new UnreadableError(unreadableReason(thrown), { cause: thrown });
  } finally {
    await file.close();
  }
}

/**
 * Whether users other than the owner may do anything with a file of this mode. A mounted secret counts as private
 * whatever its mode: container engines and systemd mount secrets under `/run/secrets` and `$CREDENTIALS_DIRECTORY`
 * with modes of their own, and only the administrator can put a file there. A read-only mount does not count: it says
 * who may write, not who may read.
 */
export async function isOpenToOthers(path: string, mode: number, env: Environment): Promise<boolean> {
  // oxlint-disable-next-line no-bitwise -- the bits of group and others
  if ((mode & 0o077) === 0) return false;
  const real = await realpath(path);
  for (const folder of ['/run/secrets', env['CREDENTIALS_DIRECTORY']]) {
    if (folder === undefined || folder === '') continue;
    const mount = await realpath(folder).catch(() => undefined);
    if (mount !== undefined && real.startsWith(mount + sep)) return false;
  }
  return true;
}

/** A mode as `chmod` takes it: 0644. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EISDIR: 'it is a folder',
  ENXIO: 'it is not a regular file',
};

/** Why a file could not be opened or read, in few words that fit after "cannot read FILE: ". */
export function unreadableReason(thrown: unknown): string {
  const code = systemCode(thrown) ?? 'unknown error';
  return REASONS[code] ?? code;
}
