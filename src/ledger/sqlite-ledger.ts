import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Runtime, systemRuntime } from '../runtime.ts';
import { SqliteAccountLedger } from './account-ledger.ts';
import { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { KnownIntents } from './known-intents.ts';
import type { AccountLedger, AccountSummary, Ledger } from './ledger.ts';
import { Lineage } from './lineage.ts';
import { isCurrent } from './migrations.ts';
import { type LedgerFile, type OpenedLedger, openLedger } from './open-ledger.ts';
import { Ownership } from './ownership.ts';
import { toIntent, toSummary } from './rows.ts';
import { makeLasting, makeStateFolder } from './state-folder.ts';
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
  #replaced: string | undefined;

  private constructor(
    { database, lineage }: LedgerFile,
    owner: Ownership | undefined,
    runtime: LedgerRuntime,
  ) {
    this.#database = database;
    this.#lineage = lineage;
    this.#owner = owner;
    if (owner !== undefined) database.witness = lineage;
    this.#statements = prepareStatements(database);
    this.#commits = new GroupCommit(database, runtime);
    this.#intents = new KnownIntents(this.#statements.allIntents.all().map(toIntent));
  }

  /**
   * Opens or creates it. A damaged one is set aside and replaced by an empty one, which knows that it has replaced another.
   * In one that was put back from a backup, no account can be sure of what was carried. Raises `already-running` when
   * another process owns it, or `ledger`.
   */
  static async open(stateDir: string, runtime: LedgerRuntime = systemRuntime): Promise<SqliteLedger> {
    await makeStateFolder(stateDir);
    const owner = Ownership.take(stateDir);
    try {
      const path = join(stateDir, 'ledger.db');
      const opened = await openLedger(path, { runtime, owner });
      const ledger = new SqliteLedger(opened, owner, runtime);
      ledger.#noteOpened(opened);
      await makeLasting(path, stateDir);
      return ledger;
    } catch (error) {
      owner.close();
      throw error;
    }
  }

  /**
   * Opens a ledger to look at, while another process may own it; whatever would change it raises `ledger`. Undefined where
   * there is none, or one written by an older Mailferry; a newer one raises `ledger`.
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

  /** The damaged ledger that was set aside when this one was opened: told once, while `AccountLedger.replaced` stays. */
  get replaced(): string | undefined {
    return this.#replaced;
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
    if (this.#database.closeWhole(() => this.#lineage.end())) this.#lineage.seal();
    this.#owner.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #noteOpened({ database, wasPutBack, replaced }: OpenedLedger): void {
    if (wasPutBack) database.transaction(() => this.#statements.allPutBack.run());
    this.#replaced = replaced;
    if (replaced !== undefined) database.transaction(() => this.#statements.replace.run(replaced));
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
 * Opens a ledger for a caller who only looks at it, beside whoever owns it. Where there is none, or one of an older version,
 * it is created, or brought to the current form, provided that nobody owns it. Raises what `open` and `openToRead` do.
 */
export async function lookAtLedger(stateDir: string, runtime: LedgerRuntime): Promise<SqliteLedger> {
  return SqliteLedger.openToRead(stateDir, runtime) ?? (await SqliteLedger.open(stateDir, runtime));
}
