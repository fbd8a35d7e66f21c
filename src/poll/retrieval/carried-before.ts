import type { AccountLedger } from '../../ledger/ledger.ts';
import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import type { BoundRecords } from '../columns/bound-records.ts';
import { tellsOne } from '../mere-number.ts';
import type { PlannedVisit } from '../plan-visit.ts';
import type { Poll } from '../poll.ts';
import { type Absent, NONE_ABSENT } from '../recognition/absent.ts';
import { hasFailed, isOfContent, mayBeRecordOf } from '../record-state.ts';
import type { Received } from './receive.ts';
import { SameBody } from './same-body.ts';
import { ContentsHere, hasNoHash } from './worked-out.ts';

/**
 * What its content tells of a message: the record by which it was carried; or that of an earlier attempt at it, if there was one,
 * and how many records of its content it might have been.
 */
type Compared =
  | { readonly carried: LedgerRecord }
  | { readonly carried?: undefined; readonly tried: LedgerRecord | undefined; readonly equal: number };

/**
 * What was carried or begun before, for telling whether a message that comes is one of it (I8). A record stands for one
 * message only: the one that claims it first. It is claimed as soon as it is found, since other messages are looked into at
 * the same time.
 */
export class CarriedBefore {
  readonly #ledger: AccountLedger;
  /** The records of the messages that need not be retrieved. */
  readonly #known: Pick<BoundRecords, 'binds'>;
  readonly #claimed = new Set<RecordId>();
  /** The records that are not listed under their unique-ids any more. */
  readonly #absent: Absent;
  /** The records of what only some destinations have, as far as they have no unique-id or one that is not listed any more. */
  readonly #begun: ReadonlySet<RecordId>;
  readonly #contentsHere: ContentsHere;
  readonly #sameBody: SameBody;
  readonly #isClaimed = (id: RecordId): boolean => this.#claimed.has(id) || this.#known.binds(id);
  readonly #isAbsent = (record: LedgerRecord): boolean =>
    this.#begun.has(record.id) || (!hasFailed(record) && this.#absent.has(record));

  constructor({ listing, plan, recognition }: PlannedVisit, poll: Poll) {
    const { ledger, destinations } = poll;
    const { absent, wasMoved } = recognition;
    const begun = [...ledger.begun()].filter(([, uid]) => uid === undefined || !tellsOne(listing, uid));
    this.#ledger = ledger;
    this.#known = plan.carried;
    this.#absent = absent;
    this.#begun = new Set(begun.map(([id]) => id));
    this.#contentsHere = new ContentsHere(destinations, ledger);
    // Where the whole maildrop was moved, headers may have changed with the unique-ids.
    this.#sameBody = new SameBody(poll, wasMoved ? absent : NONE_ABSENT);
  }

  /** Whether anything was carried, or begun, that is not listed under its unique-id. */
  get some(): boolean {
    return this.#absent.some || this.hasBegun;
  }

  /** Whether anything was begun that is not listed under its unique-id. */
  get hasBegun(): boolean {
    return this.#begun.size > 0;
  }

  isBegun({ id }: LedgerRecord): boolean {
    return this.#begun.has(id);
  }

  /** Claims a record, unless another message has. */
  claim(id: RecordId): boolean {
    if (this.#isClaimed(id)) return false;
    this.#claimed.add(id);
    return true;
  }

  /** Finds out by its content whether a message was carried before. */
  async compare(received: Received): Promise<Compared> {
    const workedOut = await this.#contentsHere.provenBy(received, this.#isClaimed);
    if (workedOut !== undefined) return this.#carried(workedOut);
    const mayBeOf = (record: LedgerRecord): boolean =>
      mayBeRecordOf(record, received.retrieval.message, this.#isAbsent);
    const equal = this.#ledger.withContent(received.sha256).filter(mayBeOf);
    const unmarked = this.#withoutMarks(received).filter(mayBeOf);
    const free = [...equal, ...unmarked].filter(({ id }) => !this.#isClaimed(id));
    const record = free.find(({ outcome }) => outcome === 'delivered') ?? free[0];
    const carried =
      record?.outcome === 'delivered' ? record : await this.#sameBody.find(received, this.#isClaimed);
    return carried === undefined ? { tried: record, equal: equal.length } : this.#carried(carried);
  }

  /** The same among the records of its unique-id, where content alone would prove nothing. */
  async underItsUniqueId(received: Received): Promise<LedgerRecord | undefined> {
    const { uid } = received.retrieval.message;
    const equal = [...this.#ledger.withContent(received.sha256), ...this.#withoutMarks(received)];
    const carried =
      equal.find((one) => one.outcome === 'delivered' && one.uid === uid && !this.#isClaimed(one.id)) ??
      (await this.#contentsHere.provenBy(received, this.#isClaimed)) ??
      (await this.#sameBody.underUniqueId(received, this.#isClaimed));
    if (carried !== undefined) this.#claimed.add(carried.id);
    return carried;
  }

  /** What was begun of the same content. Only where something was begun is the ledger searched. */
  begunOf({ sha256 }: Received): LedgerRecord | undefined {
    if (!this.hasBegun) return undefined;
    const begun = this.#ledger
      .withContent(sha256)
      .find((one) => this.isBegun(one) && !this.#isClaimed(one.id));
    if (begun !== undefined) this.#claimed.add(begun.id);
    return begun;
  }

  /** Whether what was delivered by a record, if anything was, is this message. */
  async isOf(record: LedgerRecord, received: Received): Promise<boolean> {
    const isSame = hasNoHash(record)
      ? await this.#contentsHere.isOf(received, record.id)
      : isOfContent(record, received);
    return isSame || (await this.#sameBody.isOf(received, record));
  }

  #carried(carried: LedgerRecord): Compared {
    this.#claimed.add(carried.id);
    return { carried };
  }

  /** The records of what the message was before its server has noted in it that it was read. */
  #withoutMarks({ unmarkedSha256 }: Received): readonly LedgerRecord[] {
    return unmarkedSha256 === undefined ? [] : this.#ledger.withContent(unmarkedSha256);
  }
}
