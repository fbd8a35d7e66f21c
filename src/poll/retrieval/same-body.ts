import { StoredBodies } from '../../delivery/stored-body.ts';
import { groupBy } from '../../group-by.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord, RecordId, RecordIdentity } from '../../ledger/record.ts';
import type { Runtime } from '../../runtime.ts';
import { RENUMBERING_MS } from '../limits.ts';
import type { ListedMessage } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import type { Absent } from '../recognition/absent.ts';
import type { Received } from './receive.ts';

type Asked = Pick<AccountLedger, 'identities' | 'withUniqueId' | 'receiptsOf'>;
type Parts = { readonly ledger: Asked } & Pick<Poll, 'runtime'>;
type Body = Pick<Received, 'messageId' | 'bodySha256' | 'retrieval'>;

/**
 * Recognises messages whose headers have changed: the same identifying fields and the same body as what is stored mean the same
 * message under the same unique-id, as servers write fields of their own into what was read; and with the same Message-ID under
 * any, when all unique-ids were changed at once, as when a provider moves a maildrop (I8). At other times they may mean a second
 * copy, as somebody gets who is also on a mailing list.
 */
export class SameBody {
  readonly #ledger: Asked;
  readonly #runtime: Pick<Runtime, 'now'>;
  readonly #moved: Absent;
  readonly #stored = new StoredBodies();
  #byMessageId: ReadonlyMap<string, readonly RecordIdentity[]> | undefined;

  /** `moved`: the records of a maildrop that was moved, as far as they are not listed under their unique-ids any more. */
  constructor({ ledger, runtime }: Parts, moved: Absent) {
    this.#ledger = ledger;
    this.#runtime = runtime;
    this.#moved = moved;
  }

  /** The record of the message; those that are claimed are others. */
  async find(message: Body, isClaimed: (record: RecordId) => boolean): Promise<LedgerRecord | undefined> {
    return (
      (await this.underUniqueId(message, isClaimed)) ??
      (await this.#withBody(message, this.#movedAlike(message), isClaimed))
    );
  }

  /** The same among those that have its unique-id. */
  underUniqueId(message: Body, isClaimed: (record: RecordId) => boolean): Promise<LedgerRecord | undefined> {
    const { uid } = message.retrieval.message;
    const alike = uid !== undefined && isTold(message) ? this.#ledger.withUniqueId(uid) : [];
    return this.#withBody(message, alike, isClaimed);
  }

  /** Whether it is the message of this record, of which only some destinations have something. */
  async isOf(message: Body, { id, uid }: LedgerRecord): Promise<boolean> {
    const { bodySha256, retrieval } = message;
    if (bodySha256 === undefined || uid !== retrieval.message.uid || !isTold(message)) return false;
    return this.#hasBody(id, bodySha256);
  }

  async #withBody(
    { bodySha256 }: Body,
    alike: Iterable<LedgerRecord>,
    isClaimed: (record: RecordId) => boolean,
  ): Promise<LedgerRecord | undefined> {
    if (bodySha256 === undefined) return undefined;
    for (const record of alike) {
      if (record.outcome !== 'delivered' || isClaimed(record.id)) continue;
      if (!(await this.#hasBody(record.id, bodySha256))) continue;
      // Meanwhile another may have taken it.
      if (!isClaimed(record.id)) return record;
    }
    return undefined;
  }

  *#movedAlike({ messageId = '' }: Body): Iterable<LedgerRecord> {
    if (messageId === '' || !this.#moved.some) return;
    this.#byMessageId ??= this.#read();
    for (const { id, uid } of this.#byMessageId.get(messageId) ?? []) {
      if (uid === undefined) continue;
      const record = this.#ledger.withUniqueId(uid).find((one) => one.id === id);
      if (record !== undefined) yield record;
    }
  }

  #read(): ReadonlyMap<string, readonly RecordIdentity[]> {
    // What vanished long before cannot come back with the others.
    const lately = { at: this.#runtime.now(), withinMs: RENUMBERING_MS };
    const moved = this.#ledger.identities(lately).filter((identity) => this.#moved.has(identity));
    return groupBy(moved, ({ messageId }) => messageId || undefined);
  }

  async #hasBody(record: RecordId, bodySha256: string): Promise<boolean> {
    for (const receipt of this.#ledger.receiptsOf(record))
      if (await this.#stored.has(bodySha256, receipt)) return true;
    return false;
  }
}

/** Whether its unique-id tells it from all others: neither a twin's nor a mere number. */
function isTold({
  retrieval: { message },
}: {
  readonly retrieval: { readonly message: ListedMessage };
}): boolean {
  return !message.twin && !hasMereNumber(message);
}
