import { open, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Database, isSuspect } from '../../src/ledger/database.ts';
import { readSummaries } from '../../src/ledger/read-ledger.ts';
import type { RecordId } from '../../src/ledger/record.ts';
import { lookAt } from '../../src/ledger/seal.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, uid, WHENEVER } from './fixtures.ts';

const PAGE = 4096;

/** What holds nothing that makes sense. */
const rot = (page: Buffer): Buffer => page.fill(0xa7);

/** An index that has another unique-id in place of the one in the record. */
const misname = (page: Buffer): Buffer => page.fill('t0', page.indexOf('u0'), page.indexOf('u0') + 2);

/** A closed ledger of so many records, whose first page of a table or an index is changed. */
async function damaged(
  folder: TemporaryFolder,
  name: string,
  { records, change }: { records: number; change: (page: Buffer) => Buffer },
): Promise<string> {
  const ledger = await SqliteLedger.open(folder.path);
  const account = ledger.account('work');
  await Promise.all(
    Array.from({ length: records }, (_, index) =>
      account.recordDelivery(delivery({ uid: uid(`u${index}`) })),
    ),
  );
  ledger.close();
  const path = folder.at('ledger.db');
  const database = Database.open(path);
  const root = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name);
  database.close();
  const file = await open(path, 'r+');
  const at = (Number(root?.['rootpage']) - 1) * PAGE;
  const { buffer } = await file.read(Buffer.alloc(PAGE), 0, PAGE, at);
  await file.write(change(buffer), 0, PAGE, at);
  await file.close();
  // As a disk does it, which tells nobody.
  const { inode, changed } = lookAt(path).ledger ?? {};
  await writeFile(`${path}.seal`, `${inode} ${changed}\n`);
  return path;
}

const DAMAGED = expect.objectContaining({ code: 'ledger-damaged' }) as Error;

describe('damage that shows only while a ledger is used', () => {
  test.each([
    ['all rows', (ledger: SqliteLedger) => ledger.account('work').identities(WHENEVER)],
    ['one row after the other', (ledger: SqliteLedger) => [...ledger.account('work').eachListed()]],
    ['one row', (ledger: SqliteLedger) => ledger.account('work').isNew()],
  ])('is recognised where %s are read, and the next one who opens it sets it aside', async (_, read) => {
    await using folder = await temporaryFolder();
    await damaged(folder, 'message', { records: 200, change: rot });
    const ledger = await SqliteLedger.open(folder.path);
    expect(() => read(ledger)).toThrow(DAMAGED);
    ledger.close();
    expect(() => readSummaries(folder.path, 0)).toThrow(DAMAGED);
    const anew = await SqliteLedger.open(folder.path);
    expect(anew.replaced).toContain('ledger.db.damaged-');
    expect(anew.account('work').isNew()).toBe(true);
    anew.close();
    expect(readSummaries(folder.path, 0)).toBeDefined();
    const again = await SqliteLedger.open(folder.path);
    expect([again.replaced, again.account('work').replaced]).toEqual([undefined, anew.replaced]);
    again.close();
  });

  test('includes a record that an index lacks, which cannot be changed any more', async () => {
    await using folder = await temporaryFolder();
    await damaged(folder, 'message_by_uid', { records: 1, change: misname });
    const ledger = await SqliteLedger.open(folder.path);
    await expect(ledger.account('work').noteRenumbered(new Map([[1 as RecordId, uid('v')]]))).rejects.toThrow(
      DAMAGED,
    );
    ledger.close();
    const anew = await SqliteLedger.open(folder.path);
    expect(anew.replaced).toBeDefined();
    anew.close();
  });

  test('is forgotten where there is none after all', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('ledger.db');
    (await SqliteLedger.open(folder.path)).close();
    const database = Database.open(path);
    expect(() => database.prepare('SELECT no_such_column FROM message').all()).toThrow(
      expect.objectContaining({ code: 'ledger' }) as Error,
    );
    database.close();
    expect(isSuspect(path)).toBe(true);
    const ledger = await SqliteLedger.open(folder.path);
    expect([ledger.replaced, isSuspect(path)]).toEqual([undefined, false]);
    ledger.close();
  });
});

describe('what is no damage', () => {
  test('is that another process has it, whatever is read', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('x.db');
    Database.openExclusively(path).close();
    const second = Database.open(':memory:');
    second.execute(`PRAGMA busy_timeout = 0; ATTACH '${path}' AS other; CREATE TABLE other.t (x)`);
    const first = Database.openExclusively(path);
    for (const read of [
      () => second.prepare('SELECT * FROM other.t').all(),
      () => [...second.prepare('SELECT * FROM other.t').each()],
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'already-running' }) as Error);
    }
    first.close();
    second.close();
    expect(isSuspect(':memory:')).toBe(false);
  });
});
