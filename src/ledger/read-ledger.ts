import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MailError } from '../errors.ts';
import { Database, isSuspect } from './database.ts';
import type { AccountSummary } from './ledger.ts';
import { isReadable } from './migrations.ts';
import { toSummary } from './rows.ts';
import { SUMMARY, SUMMARY_SINCE } from './statements.ts';

/**
 * What the ledger knows of each account, by name, without owning it: another process may be at work with it.
 * Undefined where there is no ledger yet. Raises `ledger` for one of another version that it cannot read, and
 * `ledger-damaged` where damage was seen in it: the poll that saw it could not be noted there (I9).
 */
export function readSummaries(
  stateDir: string,
  day: number,
): ReadonlyMap<string, AccountSummary> | undefined {
  const path = join(stateDir, 'ledger.db');
  if (!existsSync(path)) return undefined;
  if (isSuspect(path)) {
    throw new MailError('ledger-damaged', `Damage was seen in ${path} when it was last used.`, {
      hint: 'Start Mailferry again: its next poll checks the ledger, and works it out anew where it must.',
    });
  }
  using database = Database.openToRead(path);
  if (!isReadable(database, path, SUMMARY_SINCE)) return undefined;
  const rows = database.prepare(SUMMARY).all(day);
  return new Map(rows.map((row) => [String(row['name']), toSummary(row)]));
}
