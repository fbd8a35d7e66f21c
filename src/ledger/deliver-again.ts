import type { RecordedDelivery, RecordId } from './record.ts';
import type { LedgerStatements } from './statements.ts';

/** As `deliverAgain` of an `AccountLedger`, within a transaction. A poll looks at the whole maildrop after that. */
export function markAgain(
  { wantAgain, askAnew, forgetQuiet }: LedgerStatements,
  account: number,
  { destination, records }: { readonly destination: string; readonly records: readonly RecordId[] },
): void {
  for (const record of records) {
    wantAgain.run(record, destination);
    askAnew.run(record);
  }
  forgetQuiet.run(account);
}

/** As `noteBack` of an `AccountLedger`, within a transaction. What counts as delivered again was not carried once more. */
export function markBack(
  { isBack, setBack, uncount, uncountDay }: LedgerStatements,
  account: number,
  deliveries: readonly RecordedDelivery[],
): void {
  for (const { record, receipt } of deliveries) {
    isBack.run(record, receipt.destination);
    const { octets = null, delivered_at: at = null } = setBack.get(record) ?? {};
    if (at === null) continue;
    uncount.run(octets, account);
    uncountDay.run(octets, account, at);
  }
}

/** As `forgetFailed` of an `AccountLedger`, within a transaction. */
export function dropFailed({ receipts, dropWanted, forgetFailed }: LedgerStatements, record: RecordId): void {
  if (receipts.all(record).length === 0) dropWanted.run(record);
  forgetFailed.run(record);
}
