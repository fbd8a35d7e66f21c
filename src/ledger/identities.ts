import type { Likeness, Moment, RecordIdentity } from './ledger.ts';
import { toIdentity } from './rows.ts';
import type { LedgerStatements } from './statements.ts';

/** The carried messages of an account that should be listed, and then those that went missing at about that time. */
export function readIdentities(
  { identities }: LedgerStatements,
  account: number,
  { at, withinMs }: Moment,
): readonly RecordIdentity[] {
  return Array.from(identities.each(account, at - withinMs, at + withinMs), toIdentity);
}

/**
 * The carried messages of an account that went missing at another time, as far as they may be what is asked for. Over the years
 * these become more than all others, so they are looked through and not given.
 */
export function readLongMissing(
  { longMissing }: LedgerStatements,
  account: number,
  { at, withinMs, headers, messageIds }: Moment & Likeness,
): readonly RecordIdentity[] {
  const alike = [JSON.stringify([...headers]), JSON.stringify([...messageIds])];
  const rows = longMissing.all(account, at - withinMs, at + withinMs, ...alike);
  // The one that is given in any case may be asked for, too.
  return [...new Map(rows.map((row) => [row['id'], toIdentity(row)])).values()];
}
