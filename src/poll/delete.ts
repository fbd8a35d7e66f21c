import { MailError } from '../errors.ts';
import type { RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import { ReplyError } from '../pop3-client/errors.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { PIPELINE_DELETIONS } from '../wire/limits.ts';
import { type Bound, bothOf } from './columns/bound-records.ts';
import { type DueDeletions, dueDeletions } from './due-deletions.ts';
import type { PlannedVisit } from './plan-visit.ts';
import type { Poll } from './poll.ts';
import { tellsOne } from './recognition/known.ts';
import { isStillThere } from './record-state.ts';

/** What is marked as deleted in this session, until QUIT makes it real. */
export interface Marked {
  readonly records: readonly RecordId[];
  /** The records of what came before under the unique-ids of these messages. */
  readonly earlier: readonly RecordId[];
  /** How many of them were kept on purpose until now. */
  readonly kept: number;
  /** The reply to the QUIT that went along with the last DELE, where the server allows that. */
  readonly goodbye: Promise<void> | undefined;
  /** Whether the next poll has to find out who some messages are. */
  readonly isUnsettled: boolean;
}

/** A session that deletes nothing. */
export const NOTHING_MARKED: Marked = {
  records: [],
  earlier: [],
  kept: 0,
  goodbye: undefined,
  isUnsettled: false,
};

/** A session whose retrieval is over: what was carried before, and what came in it. */
interface RetrievedVisit extends Pick<PlannedVisit, 'listing' | 'known'> {
  readonly plan: Pick<PlannedVisit['plan'], 'carried'>;
  /** Which record each message stands for that came in this session. */
  readonly retrieved: ReadonlyMap<MessageNumber, RecordId>;
}

interface BoundVisit extends Pick<PlannedVisit, 'listing' | 'known'> {
  /** Which record each message stands for, whether it came in this session or before. */
  readonly bound: Bound;
}

/** Sends DELE for every message of this session that may be deleted (I1: that is asked now, after all was recorded). */
export async function markDeletions(
  session: Transaction,
  { plan, retrieved, ...visit }: RetrievedVisit,
  poll: Poll,
): Promise<Marked> {
  const bound = bothOf(plan.carried, retrieved);
  const due = await dueDeletions(session, { ...visit, bound, retrieved }, poll);
  const isUnsettled = due.others.size > 0;
  if (isUnsettled) await noteOthers(due.others, visit, poll);
  if (due.numbers.length === 0) return { ...NOTHING_MARKED, isUnsettled };
  return { ...(await sendDeletions(session, { ...visit, ...due, bound }, poll)), isUnsettled };
}

/** What may be another message by now counts as missing: the next poll finds out by its content what it is (I1, I8). */
async function noteOthers(
  others: DueDeletions['others'],
  { listing }: Pick<PlannedVisit, 'listing'>,
  { account, ledger, runtime, observer, tally }: Poll,
): Promise<void> {
  await ledger.noteMissing(others, runtime.now());
  const text = `${others.size} messages that were to be deleted may not be those that were delivered under their unique-ids; the next poll compares them.`;
  observer.noticed?.(account.name, text);
  // Mail that is not here yet. Of a mere number nothing is known but that it may be another's.
  if ([...others.values()].some((uid) => tellsOne(listing, uid)))
    tally.firstRefusal ??= new MailError('message-changed', text, {
      hint: 'They stay on the server until then.',
    });
}

/** DELE for each of these messages, and QUIT along with the last one where the server allows that. */
async function sendDeletions(
  session: Transaction,
  { numbers, wasKept, ...visit }: DueDeletions & BoundVisit,
  poll: Poll,
): Promise<Omit<Marked, 'isUnsettled'>> {
  const { ledger, runtime } = poll;
  const { bound } = visit;
  const earlier = earlierRecords(visit);
  const allOf = (some: readonly MessageNumber[]): readonly RecordId[] => [
    ...recordsOf(some, bound),
    ...some.flatMap(earlier),
  ];
  await ledger.noteDeleSent(allOf(numbers), runtime.now());
  const results: Promise<boolean>[] = [];
  for (const number of numbers) {
    await results.at(-PIPELINE_DELETIONS);
    const result = markOne(session, number, poll);
    // Whoever awaits it sees the error; until then it must not count as unhandled.
    result.catch(() => undefined);
    results.push(result);
  }
  // Whatever becomes of each DELE, QUIT is what comes next.
  const goodbye = session.pipelining ? session.quit() : undefined;
  goodbye?.catch(() => undefined);
  const taken = await Promise.all(results);
  const accepted = numbers.filter((_, index) => taken[index]);
  const refused = numbers.filter((_, index) => !taken[index]);
  await ledger.noteDeleRefused(allOf(refused));
  const records = recordsOf(accepted, bound);
  const kept = records.filter(wasKept).length;
  return { records, earlier: accepted.flatMap(earlier), kept, goodbye };
}

/**
 * QUIT: the server enters the UPDATE state. Records the deletions as real only when it says that they are; a
 * server that could not do all of them (RFC 1939 §6) will list the rest again. Returns how many are gone.
 */
export async function confirmDeletions(
  session: Transaction,
  { records, earlier, kept, goodbye }: Marked,
  poll: Poll,
): Promise<number> {
  try {
    await (goodbye ?? session.quit());
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    poll.tally.firstRefusal ??= error;
    return 0;
  }
  for (const record of records) poll.gone.add(record);
  await poll.ledger.noteGone([...records, ...earlier], poll.runtime.now());
  await poll.ledger.noteDeleted(kept);
  return records.length;
}

/** A message that the server refuses to mark stays there and is tried again at the next poll. */
async function markOne(session: Transaction, number: MessageNumber, poll: Poll): Promise<boolean> {
  try {
    await session.dele(number);
    return true;
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    poll.tally.firstRefusal ??= error;
    poll.observer.noticed?.(poll.account.name, error.message);
    return false;
  }
}

/**
 * The records of what came before under the unique-id of a message, such as the first part of it: they vanish from the
 * listing together with it, by our doing.
 */
function earlierRecords({
  listing,
  known,
  bound,
}: BoundVisit): (number: MessageNumber) => readonly RecordId[] {
  return (number) => {
    const { uid, twin } = listing.messages.numbered(number) ?? {};
    if (uid === undefined || twin === true) return [];
    const records = known.withUniqueId(uid).filter(isStillThere);
    return records
      .filter(({ id, outcome }) => outcome === 'delivered' && id !== bound.get(number))
      .map(({ id }) => id);
  };
}

function recordsOf(numbers: readonly MessageNumber[], bound: Bound): readonly RecordId[] {
  return numbers.map((number) => bound.get(number)).filter((record) => record !== undefined);
}
