import type { FoundMessage } from './ledger.ts';
import { blob } from './rows.ts';
import type { LedgerStatements } from './statements.ts';

/** Takes these in place of what was found for an account before; intents about their places are settled. */
export function writeFound(
  statements: LedgerStatements,
  account: number,
  messages: readonly FoundMessage[],
): void {
  statements.forgetFound.run(account);
  for (const { receipt, received } of messages) {
    const { destination, location } = receipt;
    const stored = [destination, location, receipt.octets, blob(receipt.sha256)];
    const { octets, sha256, lfSha256, messageId = null, headerSha256 } = received;
    const identity = [octets, blob(sha256), blob(lfSha256), messageId, blob(headerSha256)];
    statements.insertFound.run(account, ...stored, ...identity);
    statements.dropIntentsAtPlace.run(account, destination, location);
  }
}
