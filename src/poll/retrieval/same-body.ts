import { StoredBodies } from '../../delivery/stored-body.ts';
import type { AccountLedger, LedgerRecord, RecordId, RecordIdentity } from '../../ledger/ledger.ts';
import type { Received } from './receive.ts';

/**
 * Recognises messages whose headers have changed together with all unique-ids, as when a provider moves a maildrop: then the
 * same Message-ID and the same body as what is stored mean the same message (I8). At other times they may mean a second copy, as
 * somebody gets who is also on a mailing list.
 */
export class SameBody {
  readonly #ledger: Pick<AccountLedger, 'identities' | 'withUniqueIds' | 'receiptsOf'>;
  readonly #absent: ReadonlySet<RecordId>;
  readonly #stored = new StoredBodies();
  #byMessageId: ReadonlyMap<string, readonly RecordIdentity[]> | undefined;

  /** `absent`: the records that are not listed under their unique-ids any more. */
  constructor(
    ledger: Pick<AccountLedger, 'identities' | 'withUniqueIds' | 'receiptsOf'>,
    absent: ReadonlySet<RecordId>,
  ) {
    this.#ledger = ledger;
    this.#absent = absent;
  }

  /** Whether there is anything that a message may be, so that its body has to be hashed. */
  get isPossible(): boolean {
    return this.#absent.size > 0;
  }

  /** The record of the message; those that are claimed are others. */
  async find(
    { messageId = '', bodySha256 }: Pick<Received, 'messageId' | 'bodySha256'>,
    isClaimed: (record: RecordId) => boolean,
  ): Promise<LedgerRecord | undefined> {
    if (messageId === '' || bodySha256 === undefined) return undefined;
    this.#byMessageId ??= this.#read();
    for (const { id, uid } of this.#byMessageId.get(messageId) ?? []) {
      if (uid === undefined || isClaimed(id)) continue;
      const alike = this.#ledger.withUniqueIds([uid]).get(uid) ?? [];
      const record = alike.find((one) => one.id === id);
      if (record?.outcome !== 'delivered' || !(await this.#hasBody(id, bodySha256))) continue;
      // Meanwhile another may have taken it.
      if (!isClaimed(id)) return record;
    }
    return undefined;
  }

  #read(): ReadonlyMap<string, readonly RecordIdentity[]> {
    const byMessageId = new Map<string, RecordIdentity[]>();
    for (const identity of this.#ledger.identities()) {
      const { id, messageId = '' } = identity;
      if (messageId === '' || !this.#absent.has(id)) continue;
      const alike = byMessageId.get(messageId);
      if (alike === undefined) byMessageId.set(messageId, [identity]);
      else alike.push(identity);
    }
    return byMessageId;
  }

  async #hasBody(record: RecordId, bodySha256: string): Promise<boolean> {
    for (const receipt of this.#ledger.receiptsOf(record))
      if (await this.#stored.has(bodySha256, receipt)) return true;
    return false;
  }
}
