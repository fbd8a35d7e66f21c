import type { LedgerRecord, RecordId } from '../ledger/record.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';
import type { PollLimits } from './account.ts';
import { type Bound, BoundRecords } from './columns/bound-records.ts';
import type { DeletionPolicy } from './deletion-policy.ts';
import { deletableUntil } from './deletion-policy.ts';
import type { FramingTrouble } from './framing-trouble.ts';
import { SESSION_MESSAGES, SHORT_RETRY_MS } from './limits.ts';
import { mayLackSomething, type PastSizes } from './listed-size.ts';
import type { ListedMessage } from './listing.ts';
import { hasMereNumber } from './mere-number.ts';
import type { KnownMessages } from './recognition/known.ts';
import type { Recognition } from './recognition/recognise.ts';
import {
  hasFailed,
  isDoubtful,
  isQuarantined,
  isStillThere,
  isStored,
  likeliestRecord,
  wasTriedNow,
} from './record-state.ts';

/** A message to retrieve, and why. */
export interface Retrieval {
  readonly action: 'retrieve';
  readonly message: ListedMessage;
  /**
   * `new`: the ledger does not know it. `again`: an earlier attempt has failed, at some destination at least. `compare`: its
   * unique-id does not tell who it is, so its content has to (I8). `short`: it was stored as it came, shorter than listed,
   * and may come whole by now.
   */
  readonly reason: 'new' | 'again' | 'compare' | 'short';
  /** The record of an earlier attempt that did not end well, if there was one, or of what was stored short. */
  readonly record: LedgerRecord | undefined;
  /**
   * Whether it is asked for while nothing else is under way, so that it can spoil no other message: it has failed before, or
   * only its end could tell it from the reply behind it.
   */
  readonly alone: boolean;
}

/** A message to leave where it is, and why. */
export interface Leaving {
  readonly action: 'leave';
  readonly message: ListedMessage;
  /** `carried`: it is safe here. `failed`: tried in this very poll. `later`: a limit of this poll is reached. */
  readonly reason: 'carried' | 'too-large' | 'quarantined' | 'failed' | 'later';
  /** The record of what was carried, where its unique-id alone tells which. */
  readonly record: RecordId | undefined;
}

/** What is to be done with one message. */
export type Decision = Retrieval | Leaving;

const NO_RECORDS: readonly LedgerRecord[] = [];

/** All that a plan depends on. */
export interface PlanQuestion {
  readonly listing: { readonly messages: Iterable<ListedMessage> };
  readonly known: Pick<KnownMessages, 'withUniqueId'>;
  readonly recognition: Recognition;
  readonly account: { readonly deletion: DeletionPolicy };
  /** What is left of the limits of this poll. */
  readonly limits: PollLimits;
  readonly framing: Pick<FramingTrouble, 'isPassedOver' | 'mustBeAlone'>;
  /** What experience says of the sizes that the server lists. */
  readonly pastSizes: readonly PastSizes[];
  /** When this poll began and what time it is, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly now: number;
}

/** A plan. The messages that stay where they are may be many: they are counted, not listed. */
export interface Plan {
  /** In the order in which they are asked for: all that one session may take, and at least one more if there are more. */
  readonly retrievals: readonly Retrieval[];
  /** How many more there are, and with how many octets by LIST. */
  readonly further: { readonly messages: number; readonly octets: Octets };
  /** Which record each message stands for that was carried before. */
  readonly carried: BoundRecords;
  /** How many are left where they are for each reason. */
  readonly left: ReadonlyMap<Leaving['reason'], number>;
}

/** Decides for each listed message whether to retrieve it. */
export function planPoll(question: PlanQuestion): Plan {
  const retrievals: Retrieval[] = [];
  const carried = new BoundRecords();
  const left = new Map<Leaving['reason'], number>();
  const further = { messages: 0, octets: 0 };
  let calm = 0;
  for (const decision of planRetrievals(question)) {
    bind(carried, decision);
    if (decision.action === 'leave') {
      left.set(decision.reason, (left.get(decision.reason) ?? 0) + 1);
      continue;
    }
    if (isCalm(decision)) calm += 1;
    if (!isCalm(decision) || calm <= SESSION_MESSAGES + 1) {
      retrievals.push(decision);
    } else {
      further.messages += 1;
      further.octets += decision.message.octets ?? 0;
    }
  }
  return { retrievals, further, carried, left };
}

/** The decisions of a plan one after the other. Those that are asked for alone come last. */
export function* planRetrievals(question: PlanQuestion): Iterable<Decision> {
  const twins = countTwins(question.listing);
  const limited = withinLimits(question.limits);
  const alone: Retrieval[] = [];
  for (const message of question.listing.messages) {
    const decision = decide(message, twins, question);
    if (isAlone(decision)) alone.push(decision);
    else yield limited(decision);
  }
  alone.sort((a, b) => attemptsAt(a) - attemptsAt(b));
  for (const decision of alone) yield limited(decision);
}

/** The messages of a plan that are to be retrieved, in that order. */
export function retrievalsOf(plan: readonly Decision[]): Retrieval[] {
  return plan.filter((decision) => decision.action === 'retrieve');
}

/** Which record each message of a plan stands for that was carried before. */
export function boundRecords(plan: readonly Decision[]): Bound {
  const bound = new BoundRecords();
  for (const decision of plan) bind(bound, decision);
  return bound;
}

function bind(bound: BoundRecords, decision: Decision): void {
  if (decision.action === 'leave' && decision.record !== undefined) {
    bound.add(decision.message.number, decision.record);
  }
}

/** The decision about one message: first what recognition has found out, then what the records of its unique-id say. */
function decide(
  message: ListedMessage,
  twins: ReadonlyMap<UniqueId, number>,
  question: PlanQuestion,
): Decision {
  const { uid } = message;
  const { renumbered, again, doubtful } = question.recognition;
  if (again.has(message.number)) return leave(message, 'carried');
  if (renumbered.has(message.number)) return leave(message, 'carried', renumbered.get(message.number));
  const records = uid === undefined ? NO_RECORDS : question.known.withUniqueId(uid);
  if (question.framing.isPassedOver(message)) {
    const isCertain = !message.twin && !doubtful.has(message.number);
    const stored = isCertain ? records.find((record) => isStored(record, message)) : undefined;
    if (stored !== undefined) return leave(message, 'carried', stored.id);
    return leave(message, isQuarantined(records.find(hasFailed), question) ? 'quarantined' : 'failed');
  }
  if (uid === undefined) return retrieve({ message, reason: 'compare' }, question);
  if (message.twin && mayLeaveTwins(records, twins.get(uid) ?? 0, question)) return leave(message, 'carried');
  if (message.twin || doubtful.has(message.number)) {
    const tried = records.find(hasFailed);
    if (isQuarantined(tried, question)) return leave(message, 'quarantined');
    return !message.twin && tried && wasTriedNow(tried, question)
      ? leave(message, 'failed')
      : retrieve({ message, reason: 'compare', record: tried }, question);
  }
  return decideByRecord(message, records, question);
}

/** The decision about a message that its unique-id tells from all others. */
function decideByRecord(
  message: ListedMessage,
  records: readonly LedgerRecord[],
  question: PlanQuestion,
): Decision {
  const record = likeliestRecord(records, message);
  if (record === undefined) return retrieve({ message, reason: 'new' }, question);
  if (records.length > 1 && doDisagree(records.filter(isStillThere)))
    return retrieve({ message, reason: 'compare', record: records.find(isBegun) }, question);
  if (!isStillThere(record)) {
    const tried = record.outcome === 'delivered' ? undefined : record;
    return retrieve({ message, reason: 'compare', record: tried }, question);
  }
  switch (record.outcome) {
    case 'delivered':
      if (isDoubtful(record, message)) return retrieve({ message, reason: 'compare' }, question);
      return mayBeWholeNow(record, message, question) && !isTooLarge(message, question.limits)
        ? retrieve({ message, reason: 'short', record }, question)
        : leave(message, 'carried', record.id);
    case 'adopted':
      // Nothing but its size tells whether a number is that of what was adopted.
      return hasMereNumber(message) && isDoubtful(record, message)
        ? retrieve({ message, reason: 'compare' }, question)
        : leave(message, 'carried');
    case 'failed':
      return wasTriedNow(record, question)
        ? leave(message, 'failed')
        : retrieve({ message, reason: 'again', record }, question);
    case 'quarantined':
      return isQuarantined(record, question)
        ? leave(message, 'quarantined')
        : retrieve({ message, reason: 'again', record }, question);
  }
  return retrieve({ message, reason: 'compare' }, question);
}

function retrieve(
  { message, reason, record }: Pick<Retrieval, 'message' | 'reason'> & { record?: LedgerRecord | undefined },
  question: PlanQuestion,
): Decision {
  if (isTooLarge(message, question.limits)) return leave(message, 'too-large');
  return { action: 'retrieve', message, reason, record, alone: isRisky(message, record, question) };
}

function leave(message: ListedMessage, reason: Leaving['reason'], record?: RecordId): Leaving {
  return { action: 'leave', message, reason, record };
}

/** Whether some destinations have it, and others lack it. */
function isBegun(record: LedgerRecord): boolean {
  return hasFailed(record) && record.destinations.length > 0;
}

function doDisagree(records: readonly LedgerRecord[]): boolean {
  return new Set(records.map(({ outcome }) => outcome)).size > 1;
}

/**
 * Whether it is time to ask again for a message that was stored shorter than listed: the server lists more of it than then,
 * or as much time has passed since the last attempt as lay between the first and that one. So the pauses double, and a
 * message that its server always lists too large is not downloaded every day for ever.
 */
function mayBeWholeNow(
  { octets, listedOctets, triedAt, deliveredAt }: LedgerRecord,
  message: ListedMessage,
  { pastSizes, now }: PlanQuestion,
): boolean {
  const listed = message.octets;
  if (octets === undefined || listed === undefined || listed <= octets) return false;
  const hasGrown = listedOctets !== undefined && listed > listedOctets;
  const pause = Math.max(SHORT_RETRY_MS, triedAt - (deliveredAt ?? triedAt));
  if (!hasGrown && Math.abs(now - triedAt) < pause) return false;
  return mayLackSomething({ listed: Math.min(listed, listedOctets ?? listed), octets }, pastSizes);
}

/**
 * Messages that share a unique-id can be left alone when there are no more of them than were delivered, and none
 * is to be deleted: which is which only their content tells.
 */
function mayLeaveTwins(records: readonly LedgerRecord[], listed: number, question: PlanQuestion): boolean {
  const delivered = records.filter((record) => record.outcome === 'delivered' && isStillThere(record));
  const until = deletableUntil(question.account.deletion, question.now);
  const due = until !== undefined && delivered.some(({ deliveredAt }) => (deliveredAt ?? 0) <= until);
  return delivered.length >= listed && !due;
}

function countTwins({ messages }: PlanQuestion['listing']): ReadonlyMap<UniqueId, number> {
  const counts = new Map<UniqueId, number>();
  for (const { uid, twin } of messages)
    if (twin && uid !== undefined) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  return counts;
}

function isTooLarge({ octets }: ListedMessage, { messageOctets }: PollLimits): boolean {
  return messageOctets !== undefined && (octets ?? 0) > messageOctets;
}

/** Whether what one message does may spoil others that are under way at the same time. */
function isRisky(
  message: ListedMessage,
  record: LedgerRecord | undefined,
  { framing }: PlanQuestion,
): boolean {
  return message.uid === undefined || (record?.attempts ?? 0) > 0 || framing.mustBeAlone(message);
}

function isAlone(decision: Decision): decision is Retrieval {
  return decision.action === 'retrieve' && decision.alone;
}

function attemptsAt({ record }: Retrieval): number {
  return record?.attempts ?? 0;
}

/** Whether it can be known in the next session, without retrieving it, that a message was carried. */
export function isIdentified({ message: { uid, twin } }: Retrieval): boolean {
  return uid !== undefined && !twin;
}

/** Whether it can neither spoil a session nor be forgotten by the next one. */
export function isCalm(retrieval: Retrieval): boolean {
  return isIdentified(retrieval) && !retrieval.alone;
}

/**
 * Whether only its content tells who it is, now and next time. A limit that counted it would never get past it, and what is
 * new would never come.
 */
function isRetrievedEachTime(retrieval: Retrieval): boolean {
  return !isIdentified(retrieval) || (retrieval.reason === 'compare' && hasMereNumber(retrieval.message));
}

/** Leaves for a later poll what is beyond the limits of this one, decision by decision. */
function withinLimits(limits: PollLimits): (decision: Decision) => Decision {
  let messages = limits.messagesPerPoll ?? Number.POSITIVE_INFINITY;
  let octets = limits.octetsPerPoll ?? Number.POSITIVE_INFINITY;
  return (decision) => {
    if (decision.action === 'leave' || isRetrievedEachTime(decision)) return decision;
    if (messages <= 0 || octets <= 0) {
      return { action: 'leave', message: decision.message, reason: 'later', record: undefined };
    }
    messages -= 1;
    octets -= decision.message.octets ?? 0;
    return decision;
  };
}
