import { join } from 'node:path';
import { StandingFile } from '../durable/file-mark.ts';
import { MailError } from '../errors.ts';
import { Database } from './database.ts';

/**
 * What keeps every other Mailferry away from a state folder (I6): a lock on `owner.lock` in it, which the kernel drops when
 * this process dies. It is worth nothing once that file is removed: others lock another one then.
 */
export class Ownership {
  readonly #lock: Database;
  readonly #file: StandingFile;

  private constructor(lock: Database, file: StandingFile) {
    this.#lock = lock;
    this.#file = file;
  }

  /** Raises `already-running` when another process has it. */
  static take(stateDir: string): Ownership {
    const path = join(stateDir, 'owner.lock');
    try {
      return new Ownership(Database.openExclusively(path), new StandingFile(path));
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== 'already-running') throw error;
      throw new MailError('already-running', `Another Mailferry is at work with ${stateDir}.`, {
        cause: error,
        hint: 'Wait until it has finished, or stop it; two of them would carry mail twice.',
      });
    }
  }

  /** Raises `ledger` where the lock, or the ledger, is not at its place any more, so that nothing else may be written there. */
  assertStands(ledger: StandingFile): void {
    const gone = [this.#file, ledger].find((file) => !file.stands());
    if (gone === undefined) return;
    throw new MailError('ledger', `${gone.path} was removed or replaced while this Mailferry has it open.`, {
      hint: 'Nothing is carried or deleted until this Mailferry is stopped and started again; put the state folder in order before that.',
    });
  }

  close(): void {
    this.#lock.close();
  }
}
