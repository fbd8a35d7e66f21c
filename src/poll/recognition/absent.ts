import type { RecordIdentity } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import { likeliestRecord } from '../record-state.ts';
import type { KnownMessages } from './known.ts';

/** By what a record that is not gone is asked for. */
type Asked = Pick<RecordIdentity, 'id' | 'uid'>;

/** The records, of what is carried and not gone, that are not listed under their unique-ids any more. */
export interface Absent {
  /** Whether there are any. */
  readonly some: boolean;
  has(record: Asked): boolean;
}

export const NONE_ABSENT: Absent = { some: false, has: () => false };

/**
 * Tells whether some listed message that is not `questionable` stands for a record. Of records under a mere number only one
 * does: another may be of a message that has moved up.
 */
export function settledIn(
  { messages }: Listing,
  questionable: ReadonlySet<MessageNumber>,
  known: KnownMessages,
): (record: Asked) => boolean {
  return ({ id, uid }) => {
    const message = uid === undefined ? undefined : messages.named(uid);
    if (uid === undefined || message === undefined || questionable.has(message.number)) return false;
    return !hasMereNumber(message) || (likeliestRecord(known.withUniqueId(uid), message)?.id ?? id) === id;
  };
}
