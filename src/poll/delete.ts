import { MailError } from '../errors.ts';
import type { AccountLedger, Deletable, RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import { ReplyError } from '../pop3-client/errors.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { PIPELINE_DELETIONS } from '../wire/limits.ts';
import { type Bound, bothOf } from './columns/bound-records.ts';
import { LOST_SAMPLE } from './limits.ts';
import { deletableUntil, isMassDeletion, planDeletions } from './plan.ts';
import type { PlannedVisit } from './plan-visit.ts';
import type { Poll } from './poll.ts';
import { isStillThere } from './record-state.ts';
import { mayLackSomething } from './retrieval/listed-size.ts';
import { safeHere, tellOfLost } from './safe-here.ts';
import { sameThere } from './same-there.ts';

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

/** What is asked about deletions. */
interface DeletionQuestion extends Omit<RetrievedVisit, 'plan'> {
  /** Which record each message stands for, whether it came in this session or before. */
  readonly bound: Bound;
  /** What the ledger says that may be deleted, asked after all was recorded. */
  readonly deletable: ReadonlyMap<RecordId, Deletable>;
}

/**
 * Sends DELE for every message of this session that the ledger gives as deletable (I1: it is asked now, after
 * all was recorded), but for what `chooseDeletions` leaves out.
 */
export async function markDeletions(
  session: Transaction,
  { plan, retrieved, ...visit }: RetrievedVisit,
  poll: Poll,
): Promise<Marked> {
  const { account, ledger, startedAt } = poll;
  const bound = bothOf(plan.carried, retrieved);
  // By the time of the beginning: the clock may be set meanwhile.
  const until = deletableUntil(account.deletion, startedAt);
  if (until === undefined || bound.size === 0) return NOTHING_MARKED;
  const question = { ...visit, retrieved, bound, deletable: ledger.deletable(until) };
  const { numbers, isUnsettled } = await chooseDeletions(session, question, poll);
  if (numbers.length === 0) return { ...NOTHING_MARKED, isUnsettled };
  return { ...(await sendDeletions(session, { ...question, numbers }, poll)), isUnsettled };
}

/**
 * Chooses from what is due. Left out is what may be here only in part, what somebody has to be asked about first, what is not
 * here any more as it was delivered, and what may be another message on the server by now. `isUnsettled`: some are the last.
 */
async function chooseDeletions(
  session: Transaction,
  question: DeletionQuestion,
  poll: Poll,
): Promise<{ readonly numbers: readonly MessageNumber[]; readonly isUnsettled: boolean }> {
  const { bound, deletable } = question;
  const isKept = (number: MessageNumber): boolean => wasKept(bound.get(number), deletable);
  const mustReread = (number: MessageNumber): boolean =>
    poll.account.deletion.kind === 'after' || isKept(number);
  const due = withoutCut(planDeletions(bound, deletable), question, poll);
  // Whoever is asked about many hears first that what is here of them may be lost.
  if (isUnconfirmed(due.filter(isKept), poll))
    await tellOfLost(due.slice(0, LOST_SAMPLE), { mustReread, bound }, poll);
  const allowed = withoutMassDeletion(due, isKept, poll);
  const unchanged = await safeHere(allowed, { mustReread, bound }, poll);
  const numbers = await sameThere(session, unchanged, question, poll);
  return { numbers, isUnsettled: numbers.length < unchanged.length };
}

/** DELE for each of these messages, and QUIT along with the last one where the server allows that. */
async function sendDeletions(
  session: Transaction,
  { numbers, ...question }: DeletionQuestion & { readonly numbers: readonly MessageNumber[] },
  poll: Poll,
): Promise<Omit<Marked, 'isUnsettled'>> {
  const { ledger, runtime } = poll;
  const { bound, deletable } = question;
  const earlier = earlierRecords(question);
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
  const kept = records.filter((record) => wasKept(record, deletable)).length;
  return { records, earlier: accepted.flatMap(earlier), kept, goodbye };
}

/** Whether a record was kept on purpose until now: then its deletion is not a matter of course. */
function wasKept(record: RecordId | undefined, deletable: DeletionQuestion['deletable']): boolean {
  return record !== undefined && deletable.get(record)?.pending === false;
}

/** Leaves out what may be here only in part: the server may have the rest. */
function withoutCut(
  numbers: readonly MessageNumber[],
  question: DeletionQuestion,
  { ledger, control, tally, account }: Poll,
): readonly MessageNumber[] {
  if (control.confirmDelete === true) return numbers;
  const cut = cutMessages(numbers, question, ledger);
  if (cut.size === 0) return numbers;
  tally.firstRefusal ??= new MailError(
    'deletion-unconfirmed',
    `${cut.size} messages are stored as they came, which is shorter than the server lists them, so they stay there.`,
    {
      hint: `The first is message ${Math.min(...cut)}. If nothing is missing, the server counts wrong; to delete them there: mailferry fetch --confirm-delete ${account.name}`,
    },
  );
  return numbers.filter((number) => !cut.has(number));
}

/** Which of the messages that could be deleted came shorter than listed, without the server doing so by habit. */
export function cutMessages(
  numbers: readonly MessageNumber[],
  { listing, bound, deletable }: Pick<DeletionQuestion, 'listing' | 'bound' | 'deletable'>,
  ledger: Pick<AccountLedger, 'recentSizes'>,
): ReadonlySet<MessageNumber> {
  const past = ledger.recentSizes();
  const isCut = (number: MessageNumber): boolean => {
    const record = bound.get(number);
    const { octets, listedOctets } = (record === undefined ? undefined : deletable.get(record)) ?? {};
    const sizes = [listing.messages.numbered(number)?.octets, listedOctets].filter(
      (size) => size !== undefined,
    );
    // Servers write fields of their own into a message later; what it had when it came counts, or what it has now.
    return octets !== undefined && sizes.length > 0
      ? mayLackSomething({ listed: Math.min(...sizes), octets }, past)
      : false;
  };
  return new Set(numbers.filter(isCut));
}

/** Whether so many are to be deleted that were kept that somebody has to be asked first, and was not. */
function isUnconfirmed(
  kept: readonly MessageNumber[],
  { ledger, control }: Pick<Poll, 'ledger' | 'control'>,
): boolean {
  return control.confirmDelete !== true && isMassDeletion(kept.length, ledger.mostDeleted());
}

/** Leaves out all that was kept, where there is so much of it that somebody has to be asked first. */
function withoutMassDeletion(
  numbers: readonly MessageNumber[],
  isKept: (number: MessageNumber) => boolean,
  { ledger, control, tally, account }: Poll,
): readonly MessageNumber[] {
  const kept = numbers.filter(isKept);
  if (!isUnconfirmed(kept, { ledger, control })) return numbers;
  tally.firstRefusal ??= new MailError(
    'deletion-unconfirmed',
    `${kept.length} messages that were kept on the server until now would be deleted there; the most so far was ${ledger.mostDeleted()}.`,
    { hint: `None of them was deleted. If you want it: mailferry fetch --confirm-delete ${account.name}` },
  );
  return numbers.filter((number) => !isKept(number));
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
}: Pick<DeletionQuestion, 'listing' | 'known' | 'bound'>): (number: MessageNumber) => readonly RecordId[] {
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
