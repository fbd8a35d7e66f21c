import type { Receipt } from '../delivery/destination.ts';
import { PlaceTaken } from './place-taken.ts';
import type { Delivery, RecordId } from './record.ts';
import { blob, deliveryValues, receiptValues } from './rows.ts';
import type { LedgerStatements } from './statements.ts';

/** What a delivery is written with. */
export interface DeliveryWriter {
  readonly statements: LedgerStatements;
  readonly account: number;
  /** Whether there may be intents, which it ends. */
  readonly intents: { readonly some: boolean };
}

/** Writes a delivery, in the transaction that is under way. Raises `PlaceTaken` where a claim of it came too late. */
export function writeDelivery(
  delivery: Delivery,
  { statements, account, intents }: DeliveryWriter,
): RecordId {
  for (const claim of delivery.claims ?? []) assertFree(claim, statements, delivery.record);
  const id = delivery.record ?? insert(delivery, statements, account);
  if (delivery.record !== undefined)
    statements.updateDelivered.run(...deliveryValues(delivery), delivery.record);
  for (const receipt of delivery.receipts) {
    statements.upsertDelivery.run(id, ...receiptValues(receipt), delivery.at);
    if (!intents.some) continue;
    // Where a destination has failed, half a message may be left, which its intent tells.
    statements.dropIntentAt.run(account, receipt.destination, delivery.tag);
  }
  // Those left are of places that are not configured any more.
  if (delivery.complete && delivery.record !== undefined) statements.dropWanted.run(id);
  if (delivery.complete && intents.some) statements.dropIntent.run(account, delivery.tag);
  return id;
}

/**
 * Raises `PlaceTaken` where the record of another message already says that what was found at a place is that one: another
 * message, or another account with the same mbox, was faster, and one copy cannot stand for two (I1).
 */
function assertFree(
  { destination, location, sha256 }: Receipt,
  { atPlace }: LedgerStatements,
  record: RecordId | undefined,
): void {
  if (atPlace.get(destination, location, blob(sha256), record ?? null) === undefined) return;
  throw new PlaceTaken(destination);
}

function insert(delivery: Delivery, { insertDelivered }: LedgerStatements, account: number): RecordId {
  const { lastInsertRowid } = insertDelivered.run(account, delivery.uid ?? null, ...deliveryValues(delivery));
  return lastInsertRowid as RecordId;
}
