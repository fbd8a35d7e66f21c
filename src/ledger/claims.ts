import type { Receipt } from '../delivery/destination.ts';
import { MailError } from '../errors.ts';
import type { Statement } from './database.ts';
import type { RecordId } from './ledger.ts';
import { blob } from './rows.ts';

/**
 * Raises `destination-locked` when the record of another message says by now that what was found at a place is that one:
 * an account with the same mbox has been faster, and one copy cannot stand for the mail of both (I1).
 */
export function assertFree(claim: Receipt, atPlace: Statement, record: RecordId | undefined): void {
  const { destination, location, sha256 } = claim;
  if (atPlace.get(destination, location, blob(sha256), record ?? null) === undefined) return;
  throw new MailError(
    'destination-locked',
    `A message that was found in ${destination} is that of another account by now.`,
    { hint: 'Nothing is lost; the next poll looks again.' },
  );
}
