import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { MailError, messageOf, systemCode } from '../errors.ts';

const BUSY = 5;
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
const FULL = 13;

/**
 * The result codes of SQLite by the beginnings of its error texts, which are part of its interface: the driver does not always
 * give the code.
 */
const CODES_BY_TEXT: readonly (readonly [text: string, code: number])[] = [
  ['database is locked', BUSY],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['malformed database schema', 11],
  ['database or disk is full', FULL],
  ['unable to open database file', 14],
  ['file is not a database', 26],
];

/** Codes that say nothing against the file itself: no room, no right, no memory, another process. */
const CIRCUMSTANCES: ReadonlySet<number> = new Set([BUSY, 6, 7, 8, 9, 10, FULL, 14, 15]);

/** Waits this long, in milliseconds, for another process that is writing at the moment. */
const BUSY_TIMEOUT_MS = 5000;

/** How long several processes may get in each other's way at the exclusive lock. */
const RACE_MS = 500;

/**
 * What the log shrinks to once it has grown, as it does while somebody reads: twice what it holds before its content is brought into
 * the file, so that it keeps its size from day to day.
 */
const LOG_OCTETS = 8 * 1024 * 1024;

export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

/** One statement, prepared once, when it is first used. */
export interface Statement {
  /** Prepares it now: in a transaction that is rolled back, what goes before it would be lost. */
  ready(): void;
  run(...values: Value[]): { readonly lastInsertRowid: number };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
  /** One row after the other, for when they are many; nothing else may use the statement meanwhile. */
  each(...values: Value[]): Iterable<Row>;
}

/** Is told of every transaction, and may write something of its own in it. */
export interface Witness {
  /** In each transaction, before anything else. */
  within(): void;
  /** After each that was committed. Raises nothing. */
  committed(): void;
}

/**
 * An SQLite database, opened so that a commit survives loss of power: write-ahead log, fsynced at each commit
 * (I2). The only importer of the driver, whose interface is that of `node:sqlite`.
 */
export class Database {
  readonly #path: string;
  readonly #database: DatabaseSyncInstance;
  witness: Witness | undefined;

  private constructor(path: string, database: DatabaseSyncInstance) {
    this.#path = path;
    this.#database = database;
  }

  /** Opens or creates. Raises `ledger`, `ledger-damaged` or `already-running`. */
  static open(path: string): Database {
    return explained(path, () => {
      const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      const opened = new Database(path, database);
      opened.execute('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
      opened.execute(`PRAGMA journal_size_limit = ${LOG_OCTETS}`);
      return opened;
    });
  }

  /**
   * Opens or creates a database that this process alone can use until it closes it or dies, when the kernel drops the lock.
   * Raises `already-running` when another process still has it after a moment: without that wait, several that ask at the
   * same time could all be refused.
   */
  static openExclusively(path: string): Database {
    return explained(path, () => {
      const database = new DatabaseSync(path, { timeout: RACE_MS });
      database.exec(
        'PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;',
      );
      return new Database(path, database);
    });
  }

  /**
   * Opens an existing database to look at, beside whoever writes to it; also where nobody can write, as in an archive on a
   * disk that is mounted read-only. Raises `ledger`, too, where its log holds what cannot be read without writing.
   */
  static openToRead(path: string): Database {
    if (isWritable(dirname(path))) return Database.open(path);
    return explained(path, () => new Database(path, openUnwritable(path)));
  }

  execute(sql: string): void {
    explained(this.#path, () => this.#database.exec(sql));
  }

  /** `before`: what is to be executed before its first use. */
  prepare(sql: string, before?: string): Statement {
    let prepared: StatementSyncInstance | undefined;
    const prepare = (): StatementSyncInstance => {
      if (before !== undefined) this.#database.exec(before);
      return this.#database.prepare(sql);
    };
    const use = <T>(act: (statement: StatementSyncInstance) => T): T =>
      explained(this.#path, () => act((prepared ??= prepare())));
    return {
      ready: () => use(() => undefined),
      run: (...values) => {
        const { lastInsertRowid } = use((statement) => statement.run(...values));
        return { lastInsertRowid: Number(lastInsertRowid) };
      },
      get: (...values) => use((statement) => statement.get(...values)) as Row | undefined,
      all: (...values) => use((statement) => statement.all(...values)) as Row[],
      each: (...values) =>
        explainedEach(
          this.#path,
          use((statement) => statement.iterate(...values) as Iterable<Row>),
        ),
    };
  }

  /** Runs `act` in one transaction: all of it is committed and durable when this returns, or nothing is. */
  transaction<T>(act: () => T): T {
    this.execute('BEGIN IMMEDIATE');
    try {
      this.witness?.within();
      const result = act();
      this.execute('COMMIT');
      this.witness?.committed();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Reads all of it and checks that it makes sense, the indexes too: a record that one of them lacks cannot be changed. */
  isSound(): boolean {
    return this.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'] === 'ok';
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Does `last` in a transaction and closes the database so that its file does not change any more. Without this the driver
   * keeps the file open for as long as there are statements, and writes the content of the log into it when the process
   * ends. Does not wait for other readers. Returns whether the file itself now holds everything, durably.
   */
  closeWhole(last: () => void = () => undefined): boolean {
    try {
      // What is fsynced along with all the rest need not be before.
      this.execute('PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL');
      this.transaction(last);
      return this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
    } catch {
      // All of it is durable in the log, where the next one who opens it finds it.
      return false;
    } finally {
      this.close();
    }
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Beside a writer, or with a log that it has left, SQLite needs the files of that log; without any, nobody must write. */
function openUnwritable(path: string): DatabaseSyncInstance {
  let refused: unknown;
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare('PRAGMA user_version').get();
    return database;
  } catch (error) {
    refused = error;
    database.close();
  }
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw new MailError('ledger', `${path}-wal holds what is not in ${path} yet, and cannot be read here.`, {
      cause: refused,
      hint: 'Copy the whole state folder to where you can write, and name the copy with "stateDir".',
    });
  }
  return new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
}

function explained<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof MailError ? error : databaseFailed(path, error);
  }
}

function* explainedEach(path: string, rows: Iterable<Row>): Generator<Row, void, undefined> {
  try {
    yield* rows;
  } catch (error) {
    throw error instanceof MailError ? error : databaseFailed(path, error);
  }
}

/** What is appended to a database's name for the file that says that damage was seen in it. */
export const SUSPECT = '.suspect';

/** Whether damage was seen in the database at some time. */
export function isSuspect(path: string): boolean {
  return existsSync(`${path}${SUSPECT}`);
}

function markSuspect(path: string): void {
  try {
    writeFileSync(`${path}${SUSPECT}`, '');
  } catch {
    // Then the next use of the damaged part will say so again.
  }
}

/** To be called when nothing is wrong with it after all. */
export function clearOfSuspicion(path: string): void {
  rmSync(`${path}${SUSPECT}`, { force: true });
}

/** The result code of SQLite; 0 where nobody knows. */
function codeOf(cause: unknown, text: string): number {
  const given =
    typeof cause === 'object' && cause !== null && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0;
  return given > 0 ? given : (CODES_BY_TEXT.find(([begin]) => text.startsWith(begin))?.[1] ?? 0);
}

function databaseFailed(path: string, cause: unknown): MailError {
  const text = messageOf(cause);
  const code = codeOf(cause, text);
  if (!CIRCUMSTANCES.has(code)) markSuspect(path);
  if (code === BUSY) {
    return new MailError('already-running', `${path} is in use by another process.`, {
      cause,
      hint: 'Another Mailferry is working there; wait until it has finished, or stop it.',
    });
  }
  if (DAMAGED.has(code)) {
    return new MailError('ledger-damaged', `${path} is damaged: ${text}.`, {
      cause,
      hint: 'Restore it from a backup, or start Mailferry again: then it is set aside and worked out anew.',
    });
  }
  if (code === FULL) {
    return new MailError('disk-full', `Cannot write ${path}: the disk is full.`, {
      cause,
      hint: 'Make room (`df -h` and `df -i` show what is used up, octets or files); the messages are still on the server and will come with the next poll.',
    });
  }
  const refusal = refusalAt(path);
  if (refusal !== undefined)
    return new MailError('ledger', `Cannot use ${path}: ${refusal.why}.`, { cause, hint: refusal.hint });
  return new MailError('ledger', `Cannot use ${path}: ${text}.`, {
    cause,
    hint: 'Check "stateDir": it must be on a local disk, be writable, and have room; a quota counts too.',
  });
}

/** What the system says where this user may not write to the file or its folder; SQLite only says that it cannot open it. */
function refusalAt(path: string): { readonly why: string; readonly hint: string } | undefined {
  const folder = dirname(path);
  for (const place of [path, folder]) {
    try {
      accessSync(place, constants.R_OK | constants.W_OK);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EROFS') return { why: 'the file system is read-only', hint: READ_ONLY_HINT };
      if (code !== 'EACCES') continue;
      return {
        why: `permission denied at ${place}`,
        hint: `Give it to the user that Mailferry runs as (chown -R USER ${folder}); did Mailferry run as root once, by sudo?`,
      };
    }
  }
  return undefined;
}

const READ_ONLY_HINT =
  'Mount it writable. One that was so before, and became read-only by itself, has seen errors of its disk: look at dmesg.';
