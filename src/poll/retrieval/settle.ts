import type { Receipt } from '../../delivery/destination.ts';
import { MaybeTaken, MessageNotTaken } from '../../delivery/handed-over/handed-over.ts';
import { asMailError, type MailError } from '../../errors.ts';
import type { LedgerRecord, RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { comparedIdentity, type Identity, tagFor } from '../identity.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Retrieval } from '../plan.ts';
import { type Poll, stoppedOnRequest } from '../poll.ts';
import { isOfContent, lacksProof } from '../record-state.ts';
import { type Arrived, Backlog } from './backlog.ts';
import type { CarriedBefore } from './carried-before.ts';
import { mayBeCut, mayBeOfPart, noteWhole, refuseCut } from './cut.ts';
import { asItIsNow, deliveryOf, type Settled } from './delivery-of.ts';
import { EqualContents } from './equal-contents.ts';
import { FoundMessages } from './found-messages.ts';
import type { Leftovers } from './leftovers.ts';
import { receiptsOfMoved } from './moved-places.ts';
import { commitAll, discardAll, type Received } from './receive.ts';
import { postponeMessage, putLast, refuseMessage } from './refuse.ts';
import { isToBeProven } from './worked-out.ts';

/** Who a message that is delivered is taken to be. */
interface Who {
  readonly record: LedgerRecord | undefined;
  /** Default: its unique-id. */
  readonly identity?: Omit<Identity, 'account'>;
  readonly left?: readonly Receipt[];
}

/**
 * The last steps of a message that has arrived: made durable in every destination, then recorded (I2). Several
 * messages take them at the same time and share what can be shared.
 */
export class Settling {
  readonly #poll: Poll;
  readonly #before: CarriedBefore;
  readonly #leftovers: Leftovers;
  readonly #found: FoundMessages;
  /** Whether a poll that is killed leaves all that it has delivered where the next one finds it. */
  readonly #isFoundAgain: boolean;
  /** Whether it leaves any of it there. */
  readonly #isFoundSomewhere: boolean;
  /** Which record each message number of this session stands for. */
  readonly bound: Map<MessageNumber, RecordId> = new Map();
  /** Those of them that were stored in this session, all of it. */
  readonly delivered: Set<MessageNumber> = new Set();
  readonly #backlog: Backlog;
  readonly #equals: EqualContents;
  #failure: MailError | undefined;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(poll: Poll, before: CarriedBefore, leftovers: Leftovers) {
    this.#poll = poll;
    this.#before = before;
    this.#leftovers = leftovers;
    this.#backlog = new Backlog(poll.ledger);
    this.#equals = new EqualContents(poll.ledger);
    this.#found = new FoundMessages(poll.ledger.found());
    this.#isFoundSomewhere = poll.destinations.some(({ isReadable }) => isReadable);
    this.#isFoundAgain = poll.destinations.every(({ isReadable }) => isReadable);
  }

  /** Why no message can be delivered any more: a destination, or the ledger, cannot be written. */
  get failure(): MailError | undefined {
    return this.#failure;
  }

  /** Whether something stands in the destinations that a message may be. */
  mayFind(retrieval: Retrieval): boolean {
    return this.#found.some || isToBeProven(retrieval, this.#poll.ledger);
  }

  /** Notes why no message can be delivered any more; the first reason counts. */
  fail(failure: MailError): void {
    this.#failure ??= failure;
  }

  /** Begins to settle a message; waits while too many others are under way. */
  async add(received: Received): Promise<void> {
    const arrived = { ...received };
    await this.#backlog.add(arrived);
    // Never rejects: a failure is noted.
    void this.#settle(arrived);
  }

  /** Resolves when every message added is settled. */
  drained(): Promise<void> {
    return this.#backlog.drained();
  }

  /** Nearly every message is new, and is delivered at once. For the others it is first found out who they are (I8). */
  async #settle(received: Arrived): Promise<void> {
    try {
      const { message, reason, record } = received.retrieval;
      if (mayBeCut(received, this.#poll)) {
        if (reason !== 'short' || record === undefined) return await refuseCut(received, this.#poll);
        // Another part of it is worth no more than the one that is stored.
        return await this.#recogniseAs(record, received);
      }
      noteWhole(received, this.#poll.sizes);
      if (reason === 'compare' || reason === 'short' || (this.#before.some && mayBeOfPart(received)))
        await this.#equals.inTurn(received.sha256, () => this.#compare(received));
      else if (reason === 'again' && (await this.#wasCarriedBefore(received, record))) return;
      else if (message.uid !== undefined && this.#mayHaveComeNameless(received)) {
        await this.#equals.inTurn(received.sha256, () => this.#takeOverOrDeliver(received));
      } else await this.#deliver(received, { record: this.#claim(record) });
    } catch (error) {
      this.fail(asMailError(error));
    } finally {
      this.#backlog.end(received);
    }
  }

  /** Decides by its content whether a message was carried before (I8). */
  async #compare(received: Arrived): Promise<void> {
    const { sha256, retrieval } = received;
    const { message, reason } = retrieval;
    const compared = await this.#before.compare(received);
    if (compared.carried !== undefined) return this.#recogniseAs(compared.carried, received);
    if (reason === 'new') return this.#takeOverOrDeliver(received);
    const { tried, equal } = compared;
    const isShort = reason === 'short';
    // Claimed in any case, or another that was tried under the same unique-id could take it meanwhile.
    const record = this.#claim(tried ?? (isShort ? undefined : retrieval.record));
    if (tried !== undefined && this.#before.isBegun(tried)) await this.#takeOver(tried, received);
    const identity = comparedIdentity(message, { sha256, equal }, this.#poll.ledger);
    await this.#deliver(received, { record, identity });
    if (isShort && this.bound.has(message.number)) this.#tellOfWhole(received);
  }

  /** The message was carried before, as this record says. */
  async #recogniseAs(record: LedgerRecord, received: Received): Promise<void> {
    const { ledger, runtime, observer, account } = this.#poll;
    const { id, deleSent, octets } = record;
    const {
      retrieval: { message, reason },
      drafts,
    } = received;
    const { uid, number, octets: listedOctets } = message;
    await discardAll(drafts);
    if (reason === 'short') await ledger.noteAskedAgain(id, listedOctets, runtime.now());
    else if (uid === undefined) await ledger.noteRecognised([id]);
    else await ledger.noteRenumbered(new Map([[id, uid]]));
    if (listedOctets !== undefined && hasMereNumber(message))
      await ledger.noteListed(new Map([[id, listedOctets]]));
    if (lacksProof(record) && reason !== 'short') await ledger.noteProven(id, received);
    else if (reason !== 'short' && octets !== undefined && octets !== received.octets)
      await ledger.recordDelivery(asItIsNow(record, received));
    if (deleSent) await ledger.noteDeleRefused([id]); // It has outlived that one.
    this.#bind(number, id);
    observer.carried?.(account.name);
  }

  #tellOfWhole({ retrieval: { message, record }, octets }: Received): void {
    const { observer, account } = this.#poll;
    observer.noticed?.(
      account.name,
      `Message ${message.number} came with ${octets} octets now, and is stored; the ${record?.octets ?? 0} octets that came of it before stay there too.`,
    );
  }

  /**
   * A message under the unique-id of one that is gone may be that one again. When the first attempt to compare them
   * failed, the record of that attempt hides the older one (I8), and is forgotten: two records of one copy could not be told apart
   * once that is lost.
   */
  async #wasCarriedBefore(received: Arrived, tried: LedgerRecord | undefined): Promise<boolean> {
    if (tried === undefined || tried.destinations.length > 0) return false;
    const carried = await this.#before.underItsUniqueId(received);
    if (carried === undefined) return false;
    await this.#poll.ledger.forgetFailed(tried.id);
    await this.#recogniseAs(carried, received);
    return true;
  }

  /**
   * Whether messages were delivered, to some destinations at least, that may be this one and had no unique-id then, or another
   * number.
   */
  #mayHaveComeNameless(received: Received): boolean {
    const { reason, record } = received.retrieval;
    const isOpen = record?.destinations.length === 0 || isOfAnother(received);
    if (reason !== 'new' && (reason !== 'again' || !isOpen)) return false;
    return this.#before.hasBegun || this.#leftovers.some;
  }

  /**
   * Nothing was delivered under the unique-id of this message. But it may have been delivered when it had none, or another:
   * then only the destination that failed still lacks it (I8), or none does, if a killed poll has left it (I3). Of equal
   * messages one takes that over, and the others are delivered.
   */
  async #takeOverOrDeliver(received: Arrived): Promise<void> {
    const { ledger, runtime } = this.#poll;
    const { record: tried, message } = received.retrieval;
    const isOther = isOfAnother(received);
    if (isOther && tried !== undefined && message.uid !== undefined)
      await ledger.noteMissing(new Map([[tried.id, message.uid]]), runtime.now());
    const record = this.#before.begunOf(received);
    if (record === undefined) {
      const left = await this.#leftovers.takeNameless(received.sha256);
      return this.#deliver(received, { record: this.#claim(isOther ? undefined : tried), left });
    }
    await this.#takeOver(record, received);
    return this.#deliver(received, { record });
  }

  /** Gives a record of what was begun the unique-id that its message has now; what failed under that one is forgotten. */
  async #takeOver({ id }: LedgerRecord, { retrieval, drafts }: Arrived): Promise<void> {
    const { ledger } = this.#poll;
    const { record: tried, message } = retrieval;
    if (message.uid === undefined) return;
    try {
      if (tried !== undefined) await ledger.forgetFailed(tried.id);
      // Before the delivery, so that after a kill its unique-id leads to what each destination has (I3).
      await ledger.noteRenumbered(new Map([[id, message.uid]]));
    } catch (error) {
      await discardAll(drafts);
      throw error;
    }
  }

  /**
   * Mail is handed over one message at a time, and recorded before the next one: a kill leaves only one in doubt (I3), and
   * whoever stops a poll waits for only one.
   */
  #deliver(received: Arrived, who: Who): Promise<void> {
    if (this.#isFoundAgain) return this.#deliverNow(received, who);
    const turn = this.#lastTurn.then(() => {
      if (this.#poll.control.stop.aborted) this.fail(stoppedOnRequest());
      return this.#deliverNow(received, who);
    });
    // Noted at once, or the next one would be handed over before.
    this.#lastTurn = turn.catch((error: unknown) => this.fail(asMailError(error)));
    return turn;
  }

  /** Stores a message wherever it is lacking, and records where it is. */
  async #deliverNow(received: Arrived, who: Who): Promise<void> {
    if (this.#failure !== undefined) return discardAll(received.drafts);
    const { account, tally, observer } = this.#poll;
    const { uid, number } = received.retrieval.message;
    const identity = who.identity ?? { uid, occurrence: 0 };
    const tag = tagFor({ account: account.name, ...identity });
    const byContent = identity.sha256 === undefined ? [] : await this.#leftovers.take(tag, identity.sha256);
    const left = who.left ?? byContent;
    const record = await this.#ofTheSame(who.record, received);
    const moved = record === undefined ? [] : await this.#moved(record, received);
    const had = [...(record?.destinations ?? []), ...moved.map(({ destination }) => destination)];
    const already = [...left, ...moved, ...this.#found.take(received, left, had)];
    const { receipts, failure } = await commitAll(received, tag, [
      ...had,
      ...already.map(({ destination }) => destination),
    ]);
    for (const { remark } of receipts)
      if (remark !== undefined) observer.noticed?.(account.name, `Message ${number}: ${remark}`);
    const complete = failure === undefined;
    const settled = { record, tag, receipts: [...already, ...receipts], claims: already, complete };
    if (!complete) return this.#noteUndelivered(received, settled, failure);
    // Where no destination is left that lacks it, there is no receipt, and it is delivered all the same.
    this.#bind(number, await this.#record(received, settled));
    if (already.length === 0 && had.length === 0) this.delivered.add(number);
    if (receipts.length > 0 || already.length === 0) {
      tally.fetched += 1;
      tally.bytes += received.octets;
    }
    observer.carried?.(account.name);
  }

  /**
   * Records what some destinations have of a message, and leaves it on the server for the others. Raises the failure where it
   * may concern other messages too.
   */
  async #noteUndelivered(received: Arrived, settled: Settled, failure: MailError): Promise<void> {
    const { retrieval, sha256 } = received;
    const isRefused = failure instanceof MessageNotTaken;
    // What could not be taken back may have become visible all the same.
    if (!isRefused && (this.#isFoundSomewhere || failure instanceof MaybeTaken))
      this.#poll.tally.unrecorded = true;
    const isSomewhere = settled.receipts.length > 0;
    const begun = isSomewhere ? await this.#record(received, settled) : settled.record?.id;
    if (!isRefused) {
      await putLast(retrieval, failure, this.#poll, begun);
      throw failure;
    }
    // What is here of a message that came short is safe, whatever becomes of the whole.
    const isPostponed = failure.isForNow && retrieval.reason !== 'short';
    const leave = isPostponed ? postponeMessage : refuseMessage;
    await leave(retrieval, failure, this.#poll, { sha256, begun });
  }

  async #moved(record: LedgerRecord, { drafts }: Received): Promise<readonly Receipt[]> {
    try {
      return await receiptsOfMoved(record, this.#poll);
    } catch (error) {
      await discardAll(drafts);
      throw error;
    }
  }

  /** The record, unless what was delivered by it is another message: then this one gets a record of its own. */
  async #ofTheSame(record: LedgerRecord | undefined, received: Received): Promise<LedgerRecord | undefined> {
    if (record === undefined || (await this.#before.isOf(record, received))) return record;
    const { ledger, runtime } = this.#poll;
    const { id, uid } = record;
    // Or there would be a reason to compare them at each poll.
    if (uid !== undefined) await ledger.noteMissing(new Map([[id, uid]]), runtime.now());
    return undefined;
  }

  async #record(arrived: Arrived, settled: Settled): Promise<RecordId> {
    const { ledger, runtime, tally } = this.#poll;
    // One of the same content may wait for this one to be recorded; and what cannot be found again must not come twice (I3).
    const mayWait = !this.#equals.isAwaited(arrived.sha256) && this.#isFoundAgain;
    this.#backlog.noteDurable(arrived);
    try {
      return await ledger.recordDelivery(deliveryOf(arrived, settled, runtime.now()), { mayWait });
    } catch (error) {
      tally.unrecorded = true;
      throw error;
    }
  }

  /** The record of an earlier attempt, for the first of the messages that it may be of. */
  #claim(tried: LedgerRecord | undefined): LedgerRecord | undefined {
    return tried !== undefined && this.#before.claim(tried.id) ? tried : undefined;
  }

  #bind(number: MessageNumber, record: RecordId): void {
    this.bound.set(number, record);
    this.#before.claim(record);
  }
}

/** Whether what was begun under the number of this message is another one, which has another number by now, or none. */
function isOfAnother(received: Received): boolean {
  const { record, message } = received.retrieval;
  return record !== undefined && hasMereNumber(message) && !isOfContent(record, received);
}
