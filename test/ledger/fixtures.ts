import type { Intent, Receipt } from '../../src/delivery/destination.ts';
import type { PollEnd } from '../../src/ledger/ledger.ts';
import type { Delivery, Moment } from '../../src/ledger/record.ts';
import type { UniqueId } from '../../src/pop3/types.ts';

export const uid = (text: string): UniqueId => text as UniqueId;

export function receipt(destination = 'maildir:/a', location = 'file'): Receipt {
  return { destination, location, octets: 12, sha256: 'cd'.repeat(32) };
}

export function delivery(more: Partial<Delivery> = {}): Delivery {
  return {
    record: undefined,
    uid: uid('u1'),
    tag: 'a1',
    octets: 20,
    sha256: 'ab'.repeat(32),
    messageId: '<a@b>',
    headerSha256: 'ef'.repeat(32),
    receipts: [receipt()],
    complete: true,
    at: 1000,
    ...more,
  };
}

export const CLEAN_END: PollEnd = { at: 5000, success: true, report: '{}', unfinished: false };

export function intent(tag: string, location = '0'): Intent {
  return {
    tag,
    receipt: receipt('mbox:/m', location),
    opening: Buffer.from(`From \xff\0${tag}\n`, 'latin1'),
  };
}

/** Whenever something went missing. */
export const WHENEVER: Moment = { at: 0, withinMs: Number.MAX_SAFE_INTEGER };

/** Takes from a ledger what its newest forms have brought. */
export const WITHOUT_NEWEST_FORM =
  'ALTER TABLE delivery DROP COLUMN unmarked_sha256; ALTER TABLE found DROP COLUMN unmarked_sha256; ALTER TABLE delivery DROP COLUMN again; ALTER TABLE message DROP COLUMN worked_out; ALTER TABLE account DROP COLUMN asked; DROP TABLE folder;';
