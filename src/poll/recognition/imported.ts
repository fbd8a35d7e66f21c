import type { AccountLedger } from '../../ledger/ledger.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { UniqueId } from '../../pop3/types.ts';
import type { Listing } from '../listing.ts';

/** A record that was imported under another form of the unique-id that the server lists. */
export interface ImportedForm {
  readonly record: RecordId;
  readonly remembered: UniqueId;
  readonly listed: UniqueId;
}

/**
 * Finds the listed messages whose records come from the memory of getmail, which writes each `/` of a unique-id as `-`. That
 * cannot be undone; so only the listing tells which messages they are. A unique-id that is known as it is listed is left
 * alone, and a record stands for one message only.
 */
export function importedForms({ messages }: Listing, ledger: AccountLedger): readonly ImportedForm[] {
  const imported = new Map(ledger.imported('getmail'));
  if (imported.size === 0) return [];
  const listed = new Set(messages.map(({ uid }) => uid));
  return messages.flatMap(({ uid, twin }) => {
    if (uid === undefined || twin || !uid.includes('/')) return [];
    const remembered = uid.replaceAll('/', '-') as UniqueId;
    const record = imported.get(remembered);
    if (record === undefined || listed.has(remembered) || ledger.withUniqueId(uid).length > 0) return [];
    imported.delete(remembered);
    return [{ record, remembered, listed: uid }];
  });
}
