import { join } from 'node:path';
import { fsyncDirectory, makeDirectory } from '../durable/fsync-directory.ts';
import { MailError } from '../errors.ts';
import { SqliteAccountLedger } from './account-ledger.ts';
import { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import type { AccountLedger, Ledger } from './ledger.ts';
import { migrate } from './migrations.ts';
import { type LedgerStatements, prepareStatements } from './statements.ts';

/**
 * The ledger as one SQLite file, `ledger.db` in the state folder. While it is open, `owner.lock` beside it keeps
 * every other Mailferry away, and frees itself when this process dies (I6).
 */
export class SqliteLedger implements Ledger {
  readonly #database: Database;
  readonly #owner: Database;
  readonly #statements: LedgerStatements;
  readonly #commits: GroupCommit;

  private constructor(database: Database, owner: Database) {
    this.#database = database;
    this.#owner = owner;
    this.#statements = prepareStatements(database);
    this.#commits = new GroupCommit(database);
  }

  /** Opens or creates it. Raises `already-running` when another process owns it, `ledger` or `ledger-damaged`. */
  static async open(stateDir: string): Promise<SqliteLedger> {
    await prepareFolder(stateDir);
    const owner = takeOwnership(stateDir);
    try {
      const path = join(stateDir, 'ledger.db');
      const database = Database.open(path);
      migrate(database, path);
      await fsyncDirectory(stateDir);
      return new SqliteLedger(database, owner);
    } catch (error) {
      owner.close();
      throw error;
    }
  }

  account(name: string): AccountLedger {
    const known = this.#statements.accountByName.get(name)?.['id'];
    const id = typeof known === 'number' ? known : this.#statements.insertAccount.run(name).lastInsertRowid;
    return new SqliteAccountLedger(id, this.#statements, this.#commits);
  }

  close(): void {
    this.#database.close();
    this.#owner.close();
  }
}

async function prepareFolder(stateDir: string): Promise<void> {
  try {
    await makeDirectory(stateDir);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new MailError('ledger', `Cannot create the state folder ${stateDir}: ${text}.`, {
      cause: error,
      hint: 'Set "stateDir" to a folder that this user can write to.',
    });
  }
}

function takeOwnership(stateDir: string): Database {
  try {
    return Database.openExclusively(join(stateDir, 'owner.lock'));
  } catch (error) {
    if (!(error instanceof MailError) || error.code !== 'already-running') throw error;
    throw new MailError('already-running', `Another Mailferry is at work with ${stateDir}.`, {
      cause: error,
      hint: 'Wait until it has finished, or stop it; two of them would carry mail twice.',
    });
  }
}
