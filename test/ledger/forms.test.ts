import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Database } from '../../src/ledger/database.ts';
import { readHistory } from '../../src/ledger/history.ts';
import { readSummaries } from '../../src/ledger/read-ledger.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, WITHOUT_NEWEST_FORM } from './fixtures.ts';

const QUESTION = { accounts: ['work'], since: 0, until: Number.MAX_SAFE_INTEGER, all: true };

/** A ledger with one message, in another form: of a newer Mailferry, or of an older one. */
async function inForm(folder: TemporaryFolder, form: number, undo = ''): Promise<void> {
  const ledger = await SqliteLedger.open(folder.path);
  await ledger.account('work').recordDelivery(delivery());
  ledger.close();
  const database = Database.open(folder.at('ledger.db'));
  database.execute(`${undo}; PRAGMA user_version = ${form}`);
  database.close();
}

const READERS = [
  ['history', (folder: string): unknown => [...readHistory(folder, QUESTION)]],
  ['status', (folder: string): unknown => readSummaries(folder, 0)],
  ['explain', (folder: string): unknown => SqliteLedger.openToRead(folder)],
] as const;

describe('I9: whoever only looks at a ledger', () => {
  test.each(READERS)('never takes one of a newer version for an empty one (%s)', async (_, read) => {
    await using folder = await temporaryFolder();
    await inForm(folder, 99);
    expect(() => read(folder.path)).toThrow(
      expect.objectContaining({
        code: 'ledger',
        message: expect.stringContaining('newer') as string,
      }) as Error,
    );
  });

  test.each(READERS.slice(0, 2))('says when one is older than it can read (%s)', async (_, read) => {
    await using folder = await temporaryFolder();
    await inForm(folder, 1);
    expect(() => read(folder.path)).toThrow(
      expect.objectContaining({
        code: 'ledger',
        hint: expect.stringContaining('next poll') as string,
      }) as Error,
    );
  });

  test('reads an older one as far as it goes, and leaves it as it is', async () => {
    await using folder = await temporaryFolder();
    await inForm(
      folder,
      12,
      `${WITHOUT_NEWEST_FORM} ALTER TABLE delivery DROP COLUMN of_crlf; DROP TABLE generation`,
    );
    expect([...readHistory(folder.path, QUESTION)]).toMatchObject([{ uid: 'u1', outcome: 'delivered' }]);
    expect(readSummaries(folder.path, 0)?.get('work')?.delivered).toEqual({ messages: 1, octets: 20 });
    expect(SqliteLedger.openToRead(folder.path)).toBeUndefined();
    const ledger = await SqliteLedger.open(folder.path);
    expect(ledger.account('work').listed().size).toBe(1);
    ledger.close();
  });

  test('finds nothing in one that nobody has written to', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('ledger.db'), '');
    expect([...readHistory(folder.path, QUESTION)]).toEqual([]);
    expect(readSummaries(folder.path, 0)).toBeUndefined();
    expect(SqliteLedger.openToRead(folder.path)).toBeUndefined();
  });
});
