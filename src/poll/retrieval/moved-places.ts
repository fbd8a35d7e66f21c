import { contentOf, type Destination, type Receipt } from '../../delivery/destination.ts';
import { partsOfName } from '../../delivery/settings.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import { isHere } from '../stored-states.ts';

/** Where it is looked, and what is known of what was delivered. */
interface Looking {
  readonly destinations: readonly Destination[];
  readonly ledger: Pick<AccountLedger, 'receiptsOf' | 'recordedAs'>;
}

/**
 * What destinations have of a message that was delivered in part while they were called otherwise: a Maildir or an mbox that
 * was moved, a mailbox whose server has another name now. Stored there once more, it would be there twice (I8). Costs nothing
 * but for what was begun at a place to which no mail goes any more. Raises what keeps a destination from being read.
 */
export async function receiptsOfMoved(
  { id, destinations: had }: LedgerRecord,
  { destinations, ledger }: Looking,
): Promise<readonly Receipt[]> {
  const isConfigured = (place: string): boolean => destinations.some(({ name }) => name === place);
  if (had.every(isConfigured)) return [];
  const former = ledger.receiptsOf(id).filter(({ destination }) => !isConfigured(destination));
  const moved: Receipt[] = [];
  for (const destination of destinations) {
    if (had.includes(destination.name)) continue;
    const { type } = partsOfName(destination.name);
    for (const receipt of former) {
      if (partsOfName(receipt.destination).type !== type || !(await hasIt(destination, receipt, ledger)))
        continue;
      moved.push({ ...receipt, destination: destination.name });
      break;
    }
  }
  return moved;
}

async function hasIt(
  destination: Destination,
  receipt: Receipt,
  ledger: Looking['ledger'],
): Promise<boolean> {
  // Where only its content tells what a stored message is, one copy must not stand for two equal messages (I1).
  const hashes = [receipt.sha256, contentOf(receipt)];
  const isInMbox = destination.isReadable && !destination.hasNames;
  if (isInMbox && ledger.recordedAs(receipt.destination, hashes).length > 1) return false;
  for await (const state of destination.inspect([receipt])) return isHere(state);
  return false;
}
