import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Database } from '../../src/ledger/database.ts';
import { GroupCommit } from '../../src/ledger/group-commit.ts';
import { isCurrent, migrate } from '../../src/ledger/migrations.ts';
import type { Delivery, RecordId } from '../../src/ledger/record.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, intent, receipt, uid, WITHOUT_NEWEST_FORM } from './fixtures.ts';
import { ledgerContract } from './ledger.contract.ts';

ledgerContract('the SQLite ledger', async () => {
  const folder = await temporaryFolder();
  return {
    open: () => SqliteLedger.open(folder.at('state')),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

/** Another process that has the database locked; it says a line when it has, and lives until it is killed. */
const HOLD = `
  const { DatabaseSync } = require('@photostructure/sqlite');
  const database = new DatabaseSync(process.argv[1], { timeout: 0 });
  database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
  console.log('held');
  setInterval(() => database, 1000);
`;
const TRY = `
  const { DatabaseSync } = require('@photostructure/sqlite');
  const database = new DatabaseSync(process.argv[1], { timeout: 0 });
  try { database.exec('BEGIN EXCLUSIVE'); console.log('had'); } catch { console.log('refused'); }
`;

function child(script: string, path: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function said(process: ReturnType<typeof spawn>): Promise<string> {
  const [block] = (await once(process.stdout ?? process, 'data')) as [Buffer];
  return block.toString().trim();
}

test('I3: what earlier processes left open is given once per destination, of all accounts, and nothing newer', async () => {
  await using folder = await temporaryFolder();
  const before = await SqliteLedger.open(folder.path);
  await before.account('work').intend('mbox:/m', [intent('a1', '0')]);
  await before.account('home').intend('mbox:/m', [intent('a2', '100')]);
  await before.account('home').intend('mbox:/n', [intent('a3')]);
  expect(before.account('work').takeUnfinishedAppends('mbox:/m')).toEqual([]);
  before.close();
  const ledger = await SqliteLedger.open(folder.path);
  await ledger.account('work').intend('mbox:/m', [intent('a4', '200')]);
  expect(ledger.account('third').takeUnfinishedAppends('mbox:/m')).toEqual([
    intent('a1', '0'),
    intent('a2', '100'),
  ]);
  expect(ledger.account('work').takeUnfinishedAppends('mbox:/m')).toEqual([]);
  expect(ledger.account('work').openIntents('mbox:/m')).toHaveLength(2);
  ledger.close();
});

describe('I6: the owner of a ledger', () => {
  test('is one at a time, and the next one once it is closed', async () => {
    await using folder = await temporaryFolder();
    const first = await SqliteLedger.open(folder.path);
    await expect(SqliteLedger.open(folder.path)).rejects.toMatchObject({
      code: 'already-running',
      message: expect.stringContaining(folder.path) as string,
    });
    first.close();
    (await SqliteLedger.open(folder.path)).close();
  });

  test('keeps other processes away', async () => {
    await using folder = await temporaryFolder();
    const ledger = await SqliteLedger.open(folder.path);
    expect(await said(child(TRY, folder.at('owner.lock')))).toBe('refused');
    ledger.close();
    expect(await said(child(TRY, folder.at('owner.lock')))).toBe('had');
  });

  test('leaves it to the next one when it is killed', async () => {
    await using folder = await temporaryFolder();
    (await SqliteLedger.open(folder.path)).close();
    const owner = child(HOLD, folder.at('owner.lock'));
    expect(await said(owner)).toBe('held');
    await expect(SqliteLedger.open(folder.path)).rejects.toMatchObject({ code: 'already-running' });
    owner.kill('SIGKILL');
    await once(owner, 'close');
    (await SqliteLedger.open(folder.path)).close();
  });
});

describe('the file of a ledger', () => {
  test('is in a folder that nobody else can read', async () => {
    await using folder = await temporaryFolder();
    (await SqliteLedger.open(folder.at('a', 'state'))).close();
    expect((await stat(folder.at('a', 'state'))).mode & 0o777).toBe(0o700);
    expect(await readdir(folder.at('a', 'state'))).toContain('ledger.db');
  });

  test('is not made in a folder that cannot be', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('file'), '');
    for (const path of [folder.at('file'), folder.at('file', 'state')]) {
      await expect(SqliteLedger.open(path)).rejects.toMatchObject({
        code: 'ledger',
        hint: expect.stringContaining('stateDir') as string,
      });
    }
  });

  test('of a newer Mailferry is refused and left as it is', async () => {
    await using folder = await temporaryFolder();
    const ledger = await SqliteLedger.open(folder.path);
    await ledger.account('work').recordDelivery(delivery());
    ledger.close();
    setVersion(folder.at('ledger.db'), 99);
    await expect(SqliteLedger.open(folder.path)).rejects.toMatchObject({
      code: 'ledger',
      message: expect.stringContaining('newer') as string,
    });
    const database = Database.open(folder.at('ledger.db'));
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    const messages = database.prepare('SELECT uid FROM message').all();
    database.close();
    expect([version, messages]).toEqual([99, [{ uid: 'u1' }]]);
  });

  test('can be opened again and again without a change', async () => {
    await using folder = await temporaryFolder();
    for (let count = 0; count < 3; count += 1) {
      const ledger = await SqliteLedger.open(folder.path);
      await ledger.account('work').recordDelivery(delivery({ uid: uid(`u${count}`) }));
      expect(ledger.account('work').listed().size).toBe(count + 1);
      ledger.close();
    }
  });

  test('is brought to its form as a whole, so that a kill leaves it in the one or the other', () => {
    const database = Database.open(':memory:');
    let commits = 0;
    database.witness = { within: () => undefined, committed: () => (commits += 1) };
    migrate(database, 'x');
    expect(commits).toBe(1);
    expect(isCurrent(database, 'x')).toBe(true);
    database.close();
  });

  test('stays as it was where one of the steps to its form fails', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('x.db');
    const database = Database.open(path);
    const tables = (): unknown => database.prepare('SELECT name FROM sqlite_master').all();
    // A later step makes a table of this name.
    database.execute('CREATE TABLE folder (x)');
    expect(() => migrate(database, path)).toThrow('folder already exists');
    expect(tables()).toEqual([{ name: 'folder' }]);
    database.execute('DROP TABLE folder');
    migrate(database, path);
    expect(isCurrent(database, path)).toBe(true);
    database.close();
  });

  test('is brought to its form only once', () => {
    const database = Database.open(':memory:');
    migrate(database, 'x');
    const schema = (): unknown => database.prepare('SELECT sql FROM sqlite_master ORDER BY name').all();
    const before = schema();
    migrate(database, 'x');
    expect(schema()).toEqual(before);
    database.close();
  });

  test('I7: has a log that becomes small again once nobody reads any more what it held meanwhile', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('x.db');
    const [writer, reader] = [Database.open(path), Database.open(path)];
    writer.execute('CREATE TABLE t (x)');
    reader.execute('BEGIN; SELECT * FROM t');
    const write = (octets: number): void => {
      writer.transaction(() => writer.prepare('INSERT INTO t VALUES (zeroblob(?))').run(octets));
    };
    const sizeOfLog = async (): Promise<number> => (await stat(`${path}-wal`)).size;
    write(20_000_000);
    expect(await sizeOfLog()).toBeGreaterThan(20_000_000);
    reader.close();
    write(1);
    write(1);
    expect(await sizeOfLog()).toBeLessThan(10_000_000);
    writer.close();
  });

  test('I2: is written ahead and fsynced at each commit', async () => {
    await using folder = await temporaryFolder();
    const database = Database.open(folder.at('x.db'));
    const read = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect([read('journal_mode'), read('synchronous'), read('foreign_keys')]).toEqual(['wal', 2, 1]);
    database.close();
  });
});

function setVersion(path: string, version: number): void {
  const database = Database.open(path);
  database.execute(`PRAGMA user_version = ${version}`);
  database.close();
}

describe('a damaged database', () => {
  test('is reported as damaged', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('x.db'), 'this is no database at all, '.repeat(500));
    expect(() => Database.open(folder.at('x.db'))).toThrow(
      expect.objectContaining({ code: 'ledger-damaged' }) as Error,
    );
  });

  test('is never opened as if it were new', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('state'));
    await writeFile(folder.at('state', 'ledger.db'), 'this is no database at all, '.repeat(500));
    const opened = await SqliteLedger.open(folder.at('state')).then(
      (ledger) => {
        const { replaced } = ledger.account('work');
        ledger.close();
        return replaced;
      },
      (error: unknown) => (error as { code: string }).code,
    );
    expect(opened === undefined).toBe(false);
  });

  test('that cannot be opened says so, and is not taken for a damaged one', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('ledger.db'));
    await expect(SqliteLedger.open(folder.path)).rejects.toMatchObject({ code: 'ledger' });
  });
});

test('has an index by content once a content was looked for, not before, and not from an older version', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('ledger.db');
  const isIndexed = (): boolean => {
    const database = Database.open(path);
    const row = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'message_by_content'").get();
    database.close();
    return row !== undefined;
  };
  const ledger = await SqliteLedger.open(folder.path);
  await ledger.account('work').recordDelivery(delivery());
  expect(isIndexed()).toBe(false);
  expect(ledger.account('work').withContent('ab'.repeat(32))).toHaveLength(1);
  expect(isIndexed()).toBe(true);
  await ledger.account('work').recordDelivery(delivery({ uid: uid('u2') }));
  expect(ledger.account('work').withContent('ab'.repeat(32))).toHaveLength(2);
  ledger.close();
  const older = Database.open(path);
  older.execute(
    `${WITHOUT_NEWEST_FORM} ALTER TABLE delivery DROP COLUMN of_crlf; DROP INDEX message_failed; DROP TABLE generation; PRAGMA user_version = 10`,
  );
  older.close();
  const migrated = await SqliteLedger.open(folder.path);
  expect(isIndexed()).toBe(false);
  expect(migrated.account('work').withContent('ab'.repeat(32))).toHaveLength(2);
  migrated.close();
});

test('refuses what was found as that of another record, and has an index for that from then on', async () => {
  await using folder = await temporaryFolder();
  const ledger = await SqliteLedger.open(folder.path);
  const claimed = (more: Partial<Delivery>): Promise<RecordId> =>
    ledger.account('work').recordDelivery(delivery({ claims: [receipt()], ...more }));
  const id = await ledger.account('work').recordDelivery(delivery());
  await expect(claimed({ uid: uid('u2') })).rejects.toMatchObject({ code: 'destination-locked' });
  expect(await claimed({ record: id })).toBe(id);
  expect(ledger.account('work').listed().size).toBe(1);
  ledger.close();
  const database = Database.open(folder.at('ledger.db'));
  expect(
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'delivery_by_place'").get(),
  ).toBeDefined();
  database.close();
});

describe('GroupCommit', () => {
  test('makes one transaction of what is asked for in one turn', async () => {
    const { commits, transactions, note } = noted();
    const write = (): Promise<number> => commits.run(note);
    expect(await Promise.all([write(), write(), write()])).toEqual([1, 2, 3]);
    expect(await write()).toBe(1);
    expect(transactions).toEqual([3, 1]);
  });

  test('lets what nobody waits for wait, until somebody does', async () => {
    const { commits, transactions, write } = noted();
    const early = [write(), write()];
    await turn();
    const all = [...early, write()];
    expect(transactions).toEqual([]);
    commits.hurry();
    await Promise.all(all);
    expect(transactions).toEqual([3]);
  });

  test('commits what waits along with what does not', async () => {
    const { commits, transactions, write } = noted();
    const waiting = write();
    await commits.run(() => undefined);
    await waiting;
    expect(transactions).toEqual([1]);
  });

  test('lets no more than a full group wait', async () => {
    const { transactions, write } = noted();
    await Promise.all(Array.from({ length: 512 }, write));
    expect(transactions).toEqual([512]);
  });

  test('commits in the end what nobody ever waits for', async () => {
    const { transactions, write } = noted();
    await write();
    expect(transactions).toEqual([1]);
  });

  test('I2: resolves nothing before the commit', async () => {
    let committed = false;
    const database = {
      transaction: <T>(act: () => T): T => {
        const result = act();
        committed = true;
        return result;
      },
    } as unknown as Database;
    const seen = await new GroupCommit(database).run(() => committed).then((during) => [during, committed]);
    expect(seen).toEqual([false, true]);
  });

  test('rolls back all of a transaction that fails at its end, and tells each', async () => {
    const database = {
      transaction: (act: () => unknown): never => {
        act();
        throw new Error('disk full');
      },
    } as unknown as Database;
    const commits = new GroupCommit(database);
    const results = await Promise.allSettled([commits.run(() => 1), commits.run(() => 2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

/** Notes how many writes each transaction has. */
function noted(): {
  readonly commits: GroupCommit;
  readonly transactions: number[];
  /** What a write does: its ordinal in the transaction. */
  readonly note: () => number;
  readonly write: () => Promise<number>;
} {
  const transactions: number[] = [];
  let inside = 0;
  const database = {
    transaction: <T>(act: () => T): T => {
      inside = 0;
      const result = act();
      transactions.push(inside);
      return result;
    },
  } as unknown as Database;
  const commits = new GroupCommit(database);
  const note = (): number => (inside += 1);
  return { commits, transactions, note, write: () => commits.runPatiently(note) };
}

test('I1: what was delivered before the clock was set is deletable by the clock of now', async () => {
  await using folder = await temporaryFolder();
  const sqlite = await SqliteLedger.open(folder.at('state'));
  const ledger = sqlite.account('work');
  const before = await ledger.recordDelivery(delivery({ uid: uid('before'), at: 1000 }));
  const after = await ledger.recordDelivery(delivery({ uid: uid('after'), at: 90_000 }));
  sqlite.followClock({ from: 500, until: 2000, by: 60_000 });
  expect([...ledger.deletable(60_999).keys()]).toEqual([]);
  expect([...ledger.deletable(61_000).keys()]).toEqual([before]);
  expect([...ledger.deletable(90_000).keys()]).toEqual([before, after]);
  sqlite.close();
});
