import { chmod, stat } from 'node:fs/promises';
import { fsyncDirectory, makeDirectory } from '../durable/fsync-directory.ts';
import { MailError, messageOf } from '../errors.ts';

/** Makes the state folder where it is not there yet. Raises `ledger`. */
export async function makeStateFolder(stateDir: string): Promise<void> {
  try {
    await makeDirectory(stateDir);
  } catch (error) {
    throw new MailError('ledger', `Cannot create the state folder ${stateDir}: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Set "stateDir" to a folder that this user can write to.',
    });
  }
}

/** Sees to it that a ledger in it is there after loss of power, and that only its owner can read it. Raises `ledger`. */
export async function makeLasting(ledger: string, stateDir: string): Promise<void> {
  try {
    // A change of its mode would make it look like another file than the one that was closed, should this process die now.
    if (((await stat(ledger)).mode & 0o777) !== 0o600) await chmod(ledger, 0o600);
    await fsyncDirectory(stateDir);
  } catch (error) {
    throw new MailError('ledger', `Cannot write to the state folder ${stateDir}: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Check the disk, and that this user can write to "stateDir".',
    });
  }
}
