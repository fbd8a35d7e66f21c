import type { UniqueId } from '../pop3/types.ts';
import type { Imported } from './ledger.ts';
import type { LedgerStatements } from './statements.ts';

/** As `recordAdopted` of an `AccountLedger`, within a transaction. */
export function writeAdopted(
  { insertAdopted, settle }: LedgerStatements,
  account: number,
  { uids, at }: { readonly uids: readonly UniqueId[]; readonly at: number },
): void {
  for (const uid of uids) insertAdopted.run(account, uid, at);
  settle.run(account);
}

/** As `recordImported` of an `AccountLedger`, within a transaction. */
export function writeImported(
  { withUniqueId, insertImported, settle }: LedgerStatements,
  account: number,
  { messages, peer }: { readonly messages: readonly Imported[]; readonly peer: string },
): number {
  let count = 0;
  for (const { uid, seenAt } of messages) {
    if (withUniqueId.get(account, uid) !== undefined) continue;
    insertImported.run(account, uid, seenAt, peer);
    count += 1;
  }
  settle.run(account);
  return count;
}
