import type { Arrival, Intent, Receipt } from '../delivery/destination.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { Row, Value } from './database.ts';
import type { AccountSummary } from './ledger.ts';
import type {
  Deletable,
  Delivery,
  FoundMessage,
  LedgerRecord,
  RecordedDelivery,
  RecordId,
  RecordIdentity,
} from './record.ts';
import type { Taken } from './taken.ts';

/** A receipt, whatever else the row holds. */
export function toReceipt(row: Row): Receipt {
  return {
    destination: String(row['destination']),
    location: String(row['location']),
    octets: Number(row['octets']),
    sha256: hex(row['sha256']) ?? '',
    ...(row['of_crlf'] === 1 ? { hashOf: 'crlf' } : {}),
    ...(typeof row['message_id'] === 'string' ? { messageId: row['message_id'] } : {}),
    ...(row['unmarked_sha256'] instanceof Uint8Array ? { unmarkedSha256: hex(row['unmarked_sha256']) } : {}),
  };
}

/** A row of the statement `arrivals`. */
export function toArrival(row: Row): Arrival {
  return {
    record: Number(row['id']),
    receipt: toReceipt(row),
    deliveredAt: Number(row['delivered_at']),
    messageId: optionalText(row['message_id']),
    headerSha256: hex(row['header_sha256']),
  };
}

/** A row of the statements `deliveries`, `listedDeliveries` and `wanted`. */
export function toRecordedDelivery(row: Row): RecordedDelivery {
  return { record: row['id'] as RecordId, receipt: toReceipt(row) };
}

/** A row of the statement `folder`. */
export function toFolder(row: Row): FolderMark {
  return { inode: String(row['inode']), born: optionalText(row['born']) };
}

/** A row of the statement `summary`. */
export function toSummary(row: Row): AccountSummary {
  return {
    lastPollAt: optionalNumber(row['last_poll_at']),
    lastSuccessAt: optionalNumber(row['last_success_at']),
    lastReport: optionalText(row['last_report']),
    delivered: { messages: Number(row['delivered'] ?? 0), octets: Number(row['delivered_octets'] ?? 0) },
    today: { messages: Number(row['today_messages'] ?? 0), octets: Number(row['today_octets'] ?? 0) },
    deleted: Number(row['deleted'] ?? 0),
    standing: optionalText(row['standing']),
  };
}

/** An intent of any account. */
export function toIntent(row: Row): Intent {
  return {
    tag: String(row['tag']),
    receipt: toReceipt(row),
    opening: Buffer.from(row['opening'] as Uint8Array),
  };
}

/** Shared by the many records that need none of their own. */
const NOWHERE: readonly string[] = [];

/** A row of the statements that read records. */
export function toRecord(row: Row): LedgerRecord {
  return {
    id: row['id'] as RecordId,
    uid: (row['uid'] ?? undefined) as UniqueId | undefined,
    outcome: row['outcome'] as LedgerRecord['outcome'],
    sha256: optionalText(row['sha256']),
    attempts: Number(row['attempts']),
    octets: optionalNumber(row['octets']),
    listedOctets: optionalNumber(row['listed_octets']),
    triedAt: Number(row['tried_at']),
    deliveredAt: optionalNumber(row['delivered_at']),
    missingAt: optionalNumber(row['missing_at']),
    goneAt: optionalNumber(row['gone_at']),
    deleSent: row['dele_sent'] === 1,
    workedOut: row['worked_out'] === 1,
    destinations:
      row['destinations'] === '[]' ? NOWHERE : (JSON.parse(String(row['destinations'])) as string[]),
  };
}

/** A row of the statement `found`. */
export function toFound(row: Row): FoundMessage {
  return {
    receipt: toReceipt(row),
    received: {
      octets: Number(row['message_octets']),
      sha256: hex(row['message_sha256']) ?? '',
      lfSha256: hex(row['message_lf_sha256']),
      messageId: optionalText(row['message_id']),
      headerSha256: hex(row['header_sha256']),
    },
  };
}

/** A row of the statement `deletable`. */
export function toDeletable(row: Row): Deletable {
  return {
    pending: row['pending'] === 1,
    workedOut: row['worked_out'] === 1,
    octets: optionalNumber(row['octets']),
    listedOctets: optionalNumber(row['listed_octets']),
  };
}

/** A row of the statement `taken`. */
export function toTaken(row: Row): Taken {
  return {
    location: String(row['location']),
    sha256: hex(row['sha256']),
    unmarkedSha256: hex(row['unmarked_sha256']),
  };
}

/** Rows of the statements `imported` and `importedUnsized`. */
export function toRecordIds(rows: readonly Row[]): ReadonlyMap<UniqueId, RecordId> {
  return new Map(rows.map((row) => [row['uid'] as UniqueId, row['id'] as RecordId]));
}

/** A hexadecimal hash as it is stored. */
export function blob(sha256: string | undefined): Uint8Array | null {
  return sha256 === undefined ? null : Buffer.from(sha256, 'hex');
}

/** A stored hash in hexadecimal. */
export function hex(value: Value | undefined): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined;
}

/** A row of the statements `identities` and `identity`. */
export function toIdentity(row: Row): RecordIdentity {
  return {
    id: row['id'] as RecordId,
    uid: (row['uid'] ?? undefined) as UniqueId | undefined,
    octets: optionalNumber(row['octets']),
    messageId: optionalText(row['message_id']),
    headerSha256: optionalText(row['header_sha256']),
    missingAt: optionalNumber(row['missing_at'] ?? null),
  };
}

/** A number, or undefined for NULL. */
export function optionalNumber(value: Value | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A text, or undefined for NULL. */
export function optionalText(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Adds the records of these rows to those with the same unique-id, in their order. */
export function addByUniqueId(
  records: Map<UniqueId, readonly LedgerRecord[]>,
  more: Iterable<LedgerRecord>,
): void {
  for (const record of more) {
    if (record.uid === undefined) continue;
    const others = records.get(record.uid);
    records.set(record.uid, others === undefined ? [record] : [...others, record]);
  }
}

/** What a delivery puts into a record, in the order of the statements that insert and update one. */
export function deliveryValues(delivery: Delivery): readonly Value[] {
  const { octets, listedOctets, sha256, messageId, headerSha256, complete, at, workedOut } = delivery;
  return [
    octets ?? null,
    listedOctets ?? null,
    blob(sha256),
    messageId ?? null,
    blob(headerSha256),
    complete ? 'delivered' : 'failed',
    at,
    complete ? at : null,
    workedOut === true ? 1 : 0,
  ];
}

/** What a receipt puts into a delivery, in the order of the statement that inserts one. */
export function receiptValues(receipt: Receipt): readonly Value[] {
  const { destination, location, octets, sha256, hashOf, unmarkedSha256 } = receipt;
  const hash = Buffer.from(sha256, 'hex');
  return [destination, location, octets, hash, hashOf === 'crlf' ? 1 : 0, blob(unmarkedSha256)];
}
