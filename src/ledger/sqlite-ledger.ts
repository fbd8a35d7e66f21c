import { existsSync } from 'node:fs';
import { chmod, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncDirectory, makeDirectory } from '../durable/fsync-directory.ts';
import { MailError, systemCode } from '../errors.ts';
import { type Runtime, systemRuntime } from '../runtime.ts';
import { SqliteAccountLedger } from './account-ledger.ts';
import { clearOfSuspicion, Database, isSuspect, SUSPECT } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { KnownIntents } from './known-intents.ts';
import type { AccountLedger, AccountSummary, Ledger } from './ledger.ts';
import { Lineage } from './lineage.ts';
import { isCurrent, migrate } from './migrations.ts';
import { Ownership } from './ownership.ts';
import { toIntent, toSummary } from './rows.ts';
import { isOfAnother, lookAt, type Sight, wasPutBack } from './seal.ts';
import { type LedgerStatements, prepareStatements } from './statements.ts';

type LedgerRuntime = Pick<Runtime, 'now' | 'monotonic' | 'randomHex'>;

/**
 * The ledger as one SQLite file, `ledger.db` in the state folder. While it is open, `owner.lock` beside it keeps
 * every other Mailferry away, and frees itself when this process dies (I6).
 */
export class SqliteLedger implements Ledger, Disposable {
  readonly #database: Database;
  /** Undefined for one that is only looked at. */
  readonly #owner: Ownership | undefined;
  readonly #lineage: Lineage;
  readonly #statements: LedgerStatements;
  readonly #commits: GroupCommit;
  readonly #intents: KnownIntents;
  readonly #looked = new Set<number>();

  private constructor({ database, lineage }: Opened, owner: Ownership | undefined, runtime: LedgerRuntime) {
    this.#database = database;
    this.#lineage = lineage;
    this.#owner = owner;
    if (owner !== undefined) database.witness = lineage;
    this.#statements = prepareStatements(database);
    this.#commits = new GroupCommit(database, runtime);
    this.#intents = new KnownIntents(this.#statements.allIntents.all().map(toIntent));
  }

  /**
   * Opens or creates it. One that is damaged is set aside and replaced by an empty one, which knows that it has
   * replaced another. Of one that was put back from a backup no account is sure what was carried. Raises
   * `already-running` when another process owns it, or `ledger`.
   */
  static async open(stateDir: string, runtime: LedgerRuntime = systemRuntime): Promise<SqliteLedger> {
    await prepareFolder(stateDir);
    const owner = Ownership.take(stateDir);
    try {
      const path = join(stateDir, 'ledger.db');
      const sight = lookAt(path);
      if (isOfAnother(sight)) await setAside(path, 'other', { runtime, suffixes: ['-wal', '-shm'] });
      const sound = openSound(path, sight, { runtime, owner });
      const aside = sound === undefined ? await setAside(path, 'damaged', { runtime }) : undefined;
      const opened = sound ?? openFile(path, { runtime, owner });
      const ledger = new SqliteLedger(opened, owner, runtime);
      if (sound?.isOld === true) opened.database.transaction(() => ledger.#statements.allOld.run());
      if (aside !== undefined) opened.database.transaction(() => ledger.#statements.replace.run(aside));
      await makeLasting(path, stateDir);
      return ledger;
    } catch (error) {
      owner.close();
      throw error;
    }
  }

  /**
   * Opens a ledger to look at, while another process may own it; whatever would change it raises `ledger`. Undefined
   * where there is none, or one that an older Mailferry wrote; a newer one raises `ledger`.
   */
  static openToRead(stateDir: string, runtime: LedgerRuntime = systemRuntime): SqliteLedger | undefined {
    const path = join(stateDir, 'ledger.db');
    if (!existsSync(path)) return undefined;
    const database = Database.openToRead(path);
    let ledger: SqliteLedger | undefined;
    try {
      if (!isCurrent(database, path)) return undefined;
      database.execute('PRAGMA query_only = ON');
      const lineage = new Lineage(database, path, { runtime, owner: undefined });
      ledger = new SqliteLedger({ database, lineage }, undefined, runtime);
      return ledger;
    } finally {
      if (ledger === undefined) database.close();
    }
  }

  get replaced(): string | undefined {
    const path = this.#statements.replaced.get()?.['path'];
    return typeof path === 'string' ? path : undefined;
  }

  /** The part of an account. Where it is not known yet, `others` are taken in along with it, at the price of one. */
  account(name: string, others: readonly string[] = []): AccountLedger {
    const id = this.#numberOf(name) ?? this.#insertAccounts(name, others);
    return new SqliteAccountLedger(id, {
      statements: this.#statements,
      commits: this.#commits,
      intents: this.#intents,
      looked: this.#looked,
    });
  }

  /** What is known of each account, by name; `day` is the one that counts as today. */
  summaries(day: number): ReadonlyMap<string, AccountSummary> {
    const rows = this.#statements.summaries.all(day);
    return new Map(rows.map((row) => [String(row['name']), toSummary(row)]));
  }

  /** To which destinations anything of an account was ever delivered. */
  placesOf(name: string): readonly string[] {
    const rows = this.#statements.places.all(this.#numberOf(name) ?? -1);
    return rows.map(({ destination }) => String(destination));
  }

  /** Of all accounts: what was delivered at these times was delivered so much later, in milliseconds. */
  followClock({
    from,
    until,
    by,
  }: {
    readonly from: number;
    readonly until: number;
    readonly by: number;
  }): void {
    this.#database.transaction(() => this.#statements.shiftDelivered.run(by, from, until));
  }

  close(): void {
    if (this.#owner === undefined) return this.#database.close();
    this.#database.witness = undefined;
    if (this.#database.settle(() => this.#lineage.end())) this.#lineage.seal();
    this.#owner.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #numberOf(name: string): number | undefined {
    const id = this.#statements.accountByName.get(name)?.['id'];
    return typeof id === 'number' ? id : undefined;
  }

  /** No account has the number 0: nothing is known of one that is not there to be looked at. */
  #insertAccounts(name: string, others: readonly string[]): number {
    if (this.#owner === undefined) return 0;
    const unknown = new Set([name, ...others.filter((other) => this.#numberOf(other) === undefined)]);
    return this.#database.transaction(() => {
      const [id = 0] = [...unknown].map((one) => this.#statements.insertAccount.run(one).lastInsertRowid);
      return id;
    });
  }
}

/**
 * Opens a ledger for who only looks at it, beside whoever owns it. Where there is none, or one of an older version, nobody
 * may own it: it is made, or brought to the form of this one. Raises what `open` and `openToRead` do.
 */
export async function lookAtLedger(stateDir: string, runtime: LedgerRuntime): Promise<SqliteLedger> {
  return SqliteLedger.openToRead(stateDir, runtime) ?? (await SqliteLedger.open(stateDir, runtime));
}

/** A ledger in the form that this version knows. */
interface Opened {
  readonly database: Database;
  readonly lineage: Lineage;
}

/** Who opens it. */
interface Opener {
  readonly runtime: LedgerRuntime;
  readonly owner: Ownership;
}

/** Undefined where an earlier use, or this look at it, shows that the file cannot be trusted any more. */
function openSound(
  path: string,
  sight: Sight,
  as: Opener,
): (Opened & { readonly isOld: boolean }) | undefined {
  let opened: Opened | undefined;
  try {
    opened = openFile(path, as);
    const isOld = wasPutBack(sight, opened.lineage.generations());
    // A copy that was made of one in use, or without its log, may be of two moments.
    if ((isOld || isSuspect(path)) && !opened.database.isSound()) {
      opened.database.close();
      return undefined;
    }
    clearOfSuspicion(path);
    return { ...opened, isOld };
  } catch (error) {
    opened?.database.close();
    if (error instanceof MailError && error.code === 'ledger-damaged') return undefined;
    throw error;
  }
}

function openFile(path: string, as: Opener): Opened {
  const database = Database.open(path);
  try {
    migrate(database, path);
    return { database, lineage: new Lineage(database, path, as) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Keeps what is left of a ledger, or of a log, under another name, for whoever can mend it. */
async function setAside(
  path: string,
  why: string,
  {
    runtime,
    suffixes = ['', '-wal', '-shm', SUSPECT],
  }: { readonly runtime: Pick<Runtime, 'now'>; readonly suffixes?: readonly string[] },
): Promise<string> {
  const aside = `${path}.${why}-${new Date(runtime.now()).toISOString().replaceAll(':', '')}`;
  for (const suffix of suffixes) {
    await rename(`${path}${suffix}`, `${aside}${suffix}`).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }
  return aside;
}

async function makeLasting(path: string, stateDir: string): Promise<void> {
  try {
    // A change of its mode would make it look like another file than the one that was closed, should this process die now.
    if (((await stat(path)).mode & 0o777) !== 0o600) await chmod(path, 0o600);
    await fsyncDirectory(stateDir);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new MailError('ledger', `Cannot write to the state folder ${stateDir}: ${text}.`, {
      cause: error,
      hint: 'Check the disk, and that this user can write to "stateDir".',
    });
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
