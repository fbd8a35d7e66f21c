import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import type { UniqueId } from '../../pop3/types.ts';
import type { ListedMessages } from './listed-messages.ts';
import { SparseNumbers } from './numbers.ts';

const HELD = 1;
const ADOPTED = 2;
const DELE_SENT = 4;
const HASHED = 8;
/** Delivered when it was last tried. */
const AT_ONCE = 16;
/** Received with the size that was listed. */
const AS_LISTED = 32;
const WORKED_OUT = 64;

const SHA256_OCTETS = 32;
const NOWHERE: readonly string[] = [];

/**
 * What the ledger knows of the messages of a listing, by unique-id, in little memory: what was carried and is listed, as
 * nearly all is, takes a place in each column at its position in the listing; a record is made only for as long as somebody
 * looks at it.
 */
export class RecordTable {
  readonly #messages: ListedMessages;
  readonly #flags: Uint8Array;
  readonly #ids: Float64Array;
  readonly #triedAt: Float64Array;
  readonly #octets: SparseNumbers;
  /** Where they are not what the flags say. */
  readonly #listedOctets: SparseNumbers;
  readonly #deliveredAt: SparseNumbers;
  /** Only where some record has one. */
  #sha256: Buffer | undefined;
  /** What does not fit into the columns: several of one unique-id, failed ones, and those that are not listed. */
  readonly #others = new Map<UniqueId, readonly LedgerRecord[]>();
  #held = 0;

  /** `renamed`: unique-ids that stand for others in the records, by these. */
  constructor(
    messages: ListedMessages,
    records: Iterable<LedgerRecord>,
    renamed: ReadonlyMap<UniqueId, UniqueId>,
  ) {
    const { length } = messages;
    this.#messages = messages;
    this.#flags = new Uint8Array(length);
    this.#ids = new Float64Array(length);
    this.#triedAt = new Float64Array(length);
    this.#octets = new SparseNumbers(length);
    this.#listedOctets = new SparseNumbers(length);
    this.#deliveredAt = new SparseNumbers(length);
    for (const record of records) {
      if (record.uid !== undefined) this.#add(renamed.get(record.uid) ?? record.uid, record);
    }
  }

  /** How many unique-ids there are records of. */
  get size(): number {
    return this.#held + this.#others.size;
  }

  has(uid: UniqueId): boolean {
    return this.#others.has(uid) || this.#heldAt(uid) !== undefined;
  }

  /** The records with this unique-id in the order in which they were made; undefined where there is none. */
  get(uid: UniqueId): readonly LedgerRecord[] | undefined {
    const position = this.#heldAt(uid);
    return position === undefined ? this.#others.get(uid) : [this.#recordAt(position)];
  }

  /** Those whose unique-ids are listed. */
  *listed(): Iterable<readonly LedgerRecord[]> {
    for (const [position, flags] of this.#flags.entries()) {
      if ((flags & HELD) !== 0) yield [this.#recordAt(position)];
    }
    for (const [uid, records] of this.#others) {
      if (this.#messages.positionOf(uid) !== undefined) yield records;
    }
  }

  /** Those whose unique-ids are not listed any more. */
  *unlisted(): Iterable<readonly [UniqueId, readonly LedgerRecord[]]> {
    for (const entry of this.#others) if (this.#messages.positionOf(entry[0]) === undefined) yield entry;
  }

  #add(uid: UniqueId, record: LedgerRecord): void {
    const position = this.#messages.positionOf(uid);
    const before = this.get(uid) ?? [];
    if (position !== undefined && before.length === 0 && record.uid === uid && fits(record)) {
      this.#hold(position, record);
      return;
    }
    if (position !== undefined && this.#heldAt(uid) !== undefined) {
      this.#flags[position] = 0;
      this.#held -= 1;
    }
    this.#others.set(uid, [...before, record]);
  }

  #heldAt(uid: UniqueId): number | undefined {
    const position = this.#messages.positionOf(uid);
    return position !== undefined && ((this.#flags[position] ?? 0) & HELD) !== 0 ? position : undefined;
  }

  #hold(position: number, record: LedgerRecord): void {
    const { id, octets, listedOctets, triedAt, deliveredAt, sha256 } = record;
    const flags = flagsOf(record);
    this.#flags[position] = flags;
    this.#ids[position] = id;
    this.#triedAt[position] = triedAt;
    this.#octets.set(position, octets);
    this.#listedOctets.set(position, (flags & AS_LISTED) === 0 ? listedOctets : undefined);
    this.#deliveredAt.set(position, (flags & AT_ONCE) === 0 ? deliveredAt : undefined);
    if (sha256 !== undefined) {
      this.#sha256 ??= Buffer.allocUnsafeSlow(this.#messages.length * SHA256_OCTETS);
      this.#sha256.write(sha256, position * SHA256_OCTETS, 'hex');
    }
    this.#held += 1;
  }

  #recordAt(position: number): LedgerRecord {
    const flags = this.#flags[position] ?? 0;
    const [octets, triedAt] = [this.#octets.at(position), this.#triedAt[position] ?? 0];
    const hash = position * SHA256_OCTETS;
    return {
      id: this.#ids[position] as RecordId,
      uid: this.#messages.uniqueIdAt(position),
      outcome: (flags & ADOPTED) === 0 ? 'delivered' : 'adopted',
      sha256: (flags & HASHED) === 0 ? undefined : this.#sha256?.toString('hex', hash, hash + SHA256_OCTETS),
      attempts: 0,
      octets,
      listedOctets: (flags & AS_LISTED) === 0 ? this.#listedOctets.at(position) : octets,
      triedAt,
      deliveredAt: (flags & AT_ONCE) === 0 ? this.#deliveredAt.at(position) : triedAt,
      goneAt: undefined,
      deleSent: (flags & DELE_SENT) !== 0,
      workedOut: (flags & WORKED_OUT) !== 0,
      missingAt: undefined,
      destinations: NOWHERE,
    };
  }
}

/** Whether a record says nothing that the columns have no place for. */
function fits({ outcome, attempts, goneAt, missingAt, destinations, sha256 }: LedgerRecord): boolean {
  const isCarried = outcome === 'delivered' || outcome === 'adopted';
  const isPlain = attempts === 0 && goneAt === undefined && missingAt === undefined;
  return (
    isCarried &&
    isPlain &&
    destinations.length === 0 &&
    (sha256?.length ?? SHA256_OCTETS * 2) === SHA256_OCTETS * 2
  );
}

function flagsOf(record: LedgerRecord): number {
  const { outcome, deleSent, workedOut, sha256, octets, listedOctets, triedAt, deliveredAt } = record;
  const adopted = outcome === 'adopted' ? ADOPTED : 0;
  const hashed = sha256 === undefined ? 0 : HASHED;
  const atOnce = deliveredAt === triedAt ? AT_ONCE : 0;
  const asListed = listedOctets === octets ? AS_LISTED : 0;
  const marks = (deleSent ? DELE_SENT : 0) | (workedOut ? WORKED_OUT : 0);
  return HELD | adopted | hashed | atOnce | asListed | marks;
}
