import type { FoundMessage } from './ledger.ts';
import { blob } from './rows.ts';
import type { LedgerStatements } from './statements.ts';

/** As `noteFound` of an `AccountLedger`, within a transaction. */
export function writeFound(
  { forgetFound, insertFound, dropIntentsAtPlace }: LedgerStatements,
  account: number,
  messages: readonly FoundMessage[],
): void {
  forgetFound.run(account);
  for (const { receipt, received } of messages) {
    const { destination, location } = receipt;
    const stored = [destination, location, receipt.octets, blob(receipt.sha256)];
    const { octets: size, sha256: hash, lfSha256, messageId = null, headerSha256 } = received;
    const identity = [size, blob(hash), blob(lfSha256), messageId, blob(headerSha256)];
    insertFound.run(account, ...stored, ...identity);
    dropIntentsAtPlace.run(account, destination, location);
  }
}
