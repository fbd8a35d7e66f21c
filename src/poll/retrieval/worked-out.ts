import type { Destination, Receipt } from '../../delivery/destination.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import type { ListedMessage } from '../listing.ts';
import type { Retrieval } from '../plan.ts';
import { lacksProof } from '../record-state.ts';
import type { Received } from './receive.ts';

/** What was received, by its hashes, in which a destination may have it. */
type Hashes = Pick<Received, 'sha256' | 'lfSha256'>;

/** The records of a message of which nothing but what stands here tells what it was when it came. */
export function workedOutRecords(
  { uid, twin }: ListedMessage,
  ledger: Pick<AccountLedger, 'withUniqueId'>,
): readonly LedgerRecord[] {
  if (uid === undefined || twin) return [];
  const records = ledger.withUniqueId(uid);
  return records.filter((one) => lacksProof(one) && one.goneAt === undefined);
}

/** Whether some destination has something of a message, by a record that does not say what came: what stands there has to tell. */
export function hasNoHash({ destinations, sha256 }: LedgerRecord): boolean {
  return destinations.length > 0 && sha256 === undefined;
}

/** Whether nothing but what stands here can tell what was carried, or begun, under the unique-id of a message. */
export function isToBeProven(
  { message, reason, record }: Retrieval,
  ledger: Pick<AccountLedger, 'withUniqueId'>,
): boolean {
  if (record !== undefined && hasNoHash(record)) return true;
  return (reason === 'compare' || reason === 'again') && workedOutRecords(message, ledger).length > 0;
}

/**
 * What stands in the destinations, for what has come in one session. An mbox, where lines may be quoted, is read through once, and
 * only where the stored octets themselves do not tell.
 */
export class ContentsHere {
  readonly #destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'messages'>[];
  readonly #ledger: Pick<AccountLedger, 'withUniqueId' | 'receiptsOf'>;
  readonly #mboxes = new Map<string, Promise<ReadonlyMap<string, Hashes>>>();

  constructor(
    destinations: readonly Pick<Destination, 'name' | 'hasNames' | 'messages'>[],
    ledger: Pick<AccountLedger, 'withUniqueId' | 'receiptsOf'>,
  ) {
    this.#destinations = destinations;
    this.#ledger = ledger;
  }

  /** The record of which only what stands here tells what it was, and tells that it was this message; those that are claimed are others. */
  async provenBy(
    received: Hashes & Pick<Received, 'retrieval'>,
    isClaimed: (record: RecordId) => boolean,
  ): Promise<LedgerRecord | undefined> {
    for (const record of workedOutRecords(received.retrieval.message, this.#ledger)) {
      if (isClaimed(record.id) || !(await this.isOf(received, record.id))) continue;
      // Meanwhile another may have taken it.
      if (!isClaimed(record.id)) return record;
    }
    return undefined;
  }

  /** Whether all receipts of a record are of what has come, with line ends as each destination has them. */
  async isOf(received: Hashes, record: RecordId): Promise<boolean> {
    const receipts = this.#ledger.receiptsOf(record);
    if (receipts.length === 0) return false;
    for (const receipt of receipts)
      if (!isAsStored(received, receipt.sha256) && !(await this.#isInMbox(received, receipt))) return false;
    return true;
  }

  async #isInMbox(received: Hashes, { destination: place, location }: Receipt): Promise<boolean> {
    const destination = this.#destinations.find(({ name, hasNames }) => name === place && !hasNames);
    if (destination === undefined) return false;
    const reading = this.#mboxes.get(place) ?? contentsOf(destination);
    this.#mboxes.set(place, reading);
    const stored = (await reading).get(location);
    return (
      stored !== undefined && (isAsStored(received, stored.sha256) || received.lfSha256 === stored.lfSha256)
    );
  }
}

async function contentsOf(destination: Pick<Destination, 'messages'>): Promise<ReadonlyMap<string, Hashes>> {
  const contents = new Map<string, Hashes>();
  for await (const { receipt, received } of destination.messages())
    contents.set(receipt.location, { sha256: received.sha256, lfSha256: received.lfSha256 });
  return contents;
}

function isAsStored({ sha256, lfSha256 }: Hashes, stored: string): boolean {
  return stored === sha256 || stored === lfSha256;
}
