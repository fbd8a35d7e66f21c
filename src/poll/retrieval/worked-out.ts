import type { Destination, Receipt } from '../../delivery/destination.ts';
import type { AccountLedger, LedgerRecord } from '../../ledger/ledger.ts';
import type { ListedMessage } from '../listing.ts';
import { lacksProof } from '../record-state.ts';
import type { Received } from './receive.ts';

/** What was received, by its hashes, in which a destination may have it. */
type Hashes = Pick<Received, 'sha256' | 'lfSha256'>;

/** The record of a message of which nothing but what stands here tells what it was when it came. */
export function workedOutRecord(
  { uid, twin }: ListedMessage,
  ledger: Pick<AccountLedger, 'withUniqueId'>,
): LedgerRecord | undefined {
  if (uid === undefined || twin) return undefined;
  const records = ledger.withUniqueId(uid);
  return records.find((one) => lacksProof(one) && one.goneAt === undefined);
}

/**
 * Whether all that stands here for a record is what has come, with line ends as each destination has them. In an mbox, where lines
 * may be quoted, that is seen by reading it through, which happens only where the stored octets themselves do not tell.
 */
export async function standsHere(
  received: Hashes,
  receipts: readonly Receipt[],
  destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'messages'>[],
): Promise<boolean> {
  if (receipts.length === 0) return false;
  for (const receipt of receipts) {
    if (isOf(received, receipt.sha256)) continue;
    const destination = destinations.find(({ name, hasNames }) => name === receipt.destination && !hasNames);
    if (destination === undefined || !(await standsAt(receipt.location, received, destination))) return false;
  }
  return true;
}

async function standsAt(
  location: string,
  received: Hashes,
  destination: Pick<Destination, 'messages'>,
): Promise<boolean> {
  for await (const stored of destination.messages()) {
    if (stored.receipt.location !== location) continue;
    return isOf(received, stored.received.sha256) || received.lfSha256 === stored.received.lfSha256;
  }
  return false;
}

function isOf({ sha256, lfSha256 }: Hashes, stored: string): boolean {
  return stored === sha256 || stored === lfSha256;
}
