import { expect, test } from 'vitest';
import { Database } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrations.ts';
import { CONTENT_INDEX, LEDGER_SQL, PLACE_INDEX } from '../../src/ledger/statements.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Tables that grow with every message carried are not looked through, */
const LOOKED_THROUGH = /SCAN (?:message|delivery|found|carried)\b/;

/** nor are many of their rows sorted for a few of them. */
const SORTED_FOR_FEW = /SCAN (?:message|delivery|found|carried)\b|TEMP B-TREE/;

test.each(Object.entries(LEDGER_SQL))(
  '%s finds its rows by an index, however long the ledger is',
  async (_, sql) => {
    await using folder = await temporaryFolder();
    const database = Database.open(folder.at('ledger.db'));
    migrate(database, folder.at('ledger.db'));
    database.execute(CONTENT_INDEX);
    database.execute(PLACE_INDEX);
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parametersOf(sql));
    database.close();
    const unwanted = sql.includes('LIMIT') ? SORTED_FOR_FEW : LOOKED_THROUGH;
    expect(steps.map(({ detail }) => detail).filter((step) => unwanted.test(String(step)))).toEqual([]);
  },
);

test.each(['listed', 'deletable', 'allMissing'] as const)(
  '%s looks at what should be listed alone, not at all that was ever carried or has vanished',
  async (name) => {
    await using folder = await temporaryFolder();
    const database = Database.open(folder.at('ledger.db'));
    migrate(database, folder.at('ledger.db'));
    const sql = LEDGER_SQL[name];
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parametersOf(sql));
    database.close();
    const ofMessages = steps.map(({ detail }) => String(detail)).filter((step) => / message /.test(step));
    expect(ofMessages).toEqual([expect.stringContaining('INDEX message_present (account=?)')]);
  },
);

/** Something for each parameter, those with a number once. */
function parametersOf(sql: string): readonly number[] {
  const all = Array.from(sql.matchAll(/\?\d*/g), ([parameter]) => parameter);
  const numbered = new Set(all.filter((parameter) => parameter !== '?'));
  return Array.from({ length: numbered.size + all.filter((parameter) => parameter === '?').length }, () => 1);
}
