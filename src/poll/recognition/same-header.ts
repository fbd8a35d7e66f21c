import { StoredHeaders } from '../../delivery/stored-header.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import type { RecordId } from '../../ledger/record.ts';
import { headerField, headerHash, isHeaderOf } from '../../message/header-field.ts';
import { withoutMarks } from '../../message/readers-fields.ts';

/** Compares headers, as TOP gives them, with those of messages that were delivered. */
export class SameHeader {
  readonly #ledger: Pick<AccountLedger, 'identityOf' | 'receiptsOf'>;
  readonly #stored = new StoredHeaders();

  constructor(ledger: Pick<AccountLedger, 'identityOf' | 'receiptsOf'>) {
    this.#ledger = ledger;
  }

  /**
   * Whether a header is that of the message of a record: the same octets except for the marks of who has read it, or the
   * same identifying fields as what is stored, since servers write other fields into a header. Where nothing is stored any
   * more, the Message-ID decides. Undefined where nothing can tell.
   */
  async isOf(header: Buffer, record: RecordId): Promise<boolean | undefined> {
    const { messageId, headerSha256 } = this.#ledger.identityOf(record) ?? {};
    const hashes = [header, withoutMarks(header)].map((one) => headerHash(one, true));
    if (headerSha256 !== undefined && hashes.includes(headerSha256)) return true;
    for (const receipt of this.#ledger.receiptsOf(record)) {
      const stored = await this.#stored.read(receipt, messageId ?? null);
      if (stored !== undefined) return isHeaderOf(header, stored);
    }
    if (messageId === undefined && headerSha256 === undefined) return undefined;
    const given = headerField(header, 'Message-ID') ?? '';
    return given !== '' && given === messageId;
  }
}
