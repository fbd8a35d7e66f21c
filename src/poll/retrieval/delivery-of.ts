import type { Delivery, LedgerRecord } from '../../ledger/record.ts';
import type { Received } from './receive.ts';

/** What became of a message that has arrived; `record` is that of an earlier attempt. */
export type Settled = Pick<Delivery, 'tag' | 'receipts' | 'claims' | 'complete'> & {
  readonly record: LedgerRecord | undefined;
};

/** What the ledger is told of it; `at` in milliseconds since 1970. */
export function deliveryOf(
  { octets, sha256, messageId, headerSha256, retrieval: { message } }: Omit<Received, 'drafts'>,
  { record, tag, receipts, claims, complete }: Settled,
  at: number,
): Delivery {
  // Field by field: an object that is put together from others costs V8 several times as much, for each message.
  return {
    record: record?.id,
    uid: message.uid,
    listedOctets: message.octets,
    octets,
    sha256,
    messageId,
    headerSha256,
    tag,
    receipts,
    claims,
    complete,
    at,
  };
}

/**
 * What the ledger is told of a carried message into which its server has written since: its size and its header as they are now,
 * or it would look as if it had come cut. Its hash stays where only the marks of its readers are new, and tells it with others too.
 */
export function asItIsNow({ id, deliveredAt, ...record }: LedgerRecord, received: Received): Delivery {
  const { octets, sha256, messageId, headerSha256, unmarkedSha256, retrieval } = received;
  return {
    record: id,
    uid: record.uid,
    listedOctets: retrieval.message.octets,
    octets,
    sha256: unmarkedSha256 !== undefined && unmarkedSha256 === record.sha256 ? unmarkedSha256 : sha256,
    messageId,
    headerSha256,
    tag: '',
    receipts: [],
    complete: true,
    at: deliveredAt ?? record.triedAt,
  };
}
