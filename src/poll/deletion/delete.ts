import { asMailError } from '../../errors.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { ReplyError } from '../../pop3-client/errors.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { PIPELINE_DELETIONS } from '../../wire/limits.ts';
import { countText } from '../../wire/text.ts';
import { type Bound, bothOf } from '../columns/bound-records.ts';
import type { ListedMessage } from '../listing.ts';
import type { PlannedVisit } from '../plan-visit.ts';
import type { Poll } from '../poll.ts';
import { isStillThere } from '../record-state.ts';
import { type DueDeletions, dueDeletions } from './due-deletions.ts';
import { LostAtDele } from './lost-at-dele.ts';

/** What is marked as deleted in this session, until QUIT makes it real. */
export interface Marked {
  readonly records: readonly RecordId[];
  /** The records of what came before under the unique-ids of these messages. */
  readonly earlier: readonly RecordId[];
  /** How many of them were kept on purpose until now. */
  readonly kept: number;
  /** The reply to the QUIT that went along with the last DELE, where the server allows that. */
  readonly goodbye: Promise<void> | undefined;
  /** Of how many messages another session has to find out who they are. */
  readonly uncertain: number;
}

/** A session that deletes nothing. */
const NOTHING_MARKED: Marked = {
  records: [],
  earlier: [],
  kept: 0,
  goodbye: undefined,
  uncertain: 0,
};

/** A session whose retrieval is over: what was carried before, and what came in it. */
interface RetrievedVisit extends Pick<PlannedVisit, 'listing' | 'known'> {
  readonly plan: Pick<PlannedVisit['plan'], 'carried'>;
  /** Which record each message stands for that came in this session. */
  readonly came: ReadonlyMap<MessageNumber, RecordId>;
  /** Those of them that were stored in it: what was only compared has been here for long. */
  readonly delivered: ReadonlySet<MessageNumber>;
}

interface BoundVisit extends Pick<PlannedVisit, 'listing' | 'known'> {
  /** Which record each message stands for, whether it came in this session or before. */
  readonly bound: Bound;
}

/** Sends DELE for every message of this session that may be deleted (I1: that is asked now, after all was recorded). */
export async function markDeletions(
  session: Transaction,
  { plan, came, delivered, ...visit }: RetrievedVisit,
  poll: Poll,
): Promise<Marked> {
  const bound = bothOf(plan.carried, came);
  const due = await dueDeletions(session, { ...visit, bound, came, delivered }, poll);
  const { size: uncertain } = due.uncertain;
  if (uncertain > 0) await noteUncertain(due.uncertain, poll);
  if (due.numbers.length === 0) return { ...NOTHING_MARKED, uncertain };
  return { ...(await sendDeletions(session, { ...visit, ...due, bound }, poll)), uncertain };
}

/** Messages that may not be what is stored here count as missing: another session compares their content (I1, I8). */
async function noteUncertain(
  uncertain: DueDeletions['uncertain'],
  { account, ledger, runtime, observer }: Poll,
): Promise<void> {
  await ledger.noteMissing(uncertain, runtime.now());
  observer.noticed?.(
    account.name,
    `${countText(uncertain.size, 'message')} that were to be deleted may not be those that are here; their content is compared.`,
  );
}

/** DELE for each of these messages, and QUIT along with the last one where the server allows that. */
async function sendDeletions(
  session: Transaction,
  { numbers, wasKept, ...visit }: DueDeletions & BoundVisit,
  poll: Poll,
): Promise<Omit<Marked, 'uncertain'>> {
  const { ledger, runtime } = poll;
  const { bound } = visit;
  const earlier = earlierRecords(visit);
  const allOf = (some: readonly MessageNumber[]): readonly RecordId[] => [
    ...recordsOf(some, bound),
    ...some.flatMap(earlier),
  ];
  await ledger.noteDeleSent(allOf(numbers), runtime.now());
  const results: Promise<ReplyError | undefined>[] = [];
  for (const number of numbers) {
    await results.at(-PIPELINE_DELETIONS)?.catch(() => undefined);
    const result = refusalOf(session, number);
    // Whoever awaits it sees the error; until then it must not count as unhandled.
    result.catch(() => undefined);
    results.push(result);
  }
  // Whatever becomes of each DELE, QUIT is what comes next.
  const goodbye = session.pipelining ? session.quit() : undefined;
  goodbye?.catch(() => undefined);
  const refusals = await refusalsOf(results, numbers, visit.listing);
  const accepted = numbers.filter((_, index) => refusals[index] === undefined);
  const refused = numbers.filter((_, index) => refusals[index] !== undefined);
  tellRefusals(refusals, poll);
  await ledger.noteDeleRefused(allOf(refused));
  const records = recordsOf(accepted, bound);
  const kept = records.filter(wasKept).length;
  return { records, earlier: accepted.flatMap(earlier), kept, goodbye };
}

/**
 * QUIT: the server enters the UPDATE state. Records the deletions as real only when it says that they are; a
 * server that could not do all of them (RFC 1939 §6) will list the rest again.
 */
export async function confirmDeletions(
  session: Transaction,
  { records, earlier, kept, goodbye }: Marked,
  { ledger, runtime, tally, gone }: Poll,
): Promise<void> {
  if (!(await quit(session, tally, goodbye))) return;
  for (const record of records) gone.add(record);
  await ledger.noteGone([...records, ...earlier], runtime.now());
  await ledger.noteDeleted(kept);
  tally.kept -= records.length;
  tally.deleted = gone.size;
}

/** QUIT. Resolves to whether the server says that it did all that it was asked for; `goodbye`: where it was sent already. */
export async function quit(
  session: Transaction,
  tally: Poll['tally'],
  goodbye: Marked['goodbye'] = session.quit(),
): Promise<boolean> {
  try {
    await goodbye;
    return true;
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    tally.firstRefusal ??= error;
    return false;
  }
}

/** Waits for all replies. Raises `LostAtDele` for the first one that did not come. */
async function refusalsOf(
  results: readonly Promise<ReplyError | undefined>[],
  numbers: readonly MessageNumber[],
  { messages }: PlannedVisit['listing'],
): Promise<readonly (ReplyError | undefined)[]> {
  const outcomes = await Promise.allSettled(results);
  return outcomes.map((outcome, index) => {
    if (outcome.status === 'fulfilled') return outcome.value;
    throw new LostAtDele(
      messages.numbered(numbers[index] as MessageNumber) as ListedMessage,
      asMailError(outcome.reason),
    );
  });
}

/** DELE. A message that the server refuses to mark stays there and is tried again at the next poll. */
async function refusalOf(session: Transaction, number: MessageNumber): Promise<ReplyError | undefined> {
  try {
    await session.dele(number);
    return undefined;
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return error;
  }
}

/** One line for all of them: a server that deletes nothing refuses a hundred thousand times. */
function tellRefusals(
  refusals: readonly (ReplyError | undefined)[],
  { account, tally, observer }: Poll,
): void {
  const all = refusals.filter((refusal) => refusal !== undefined);
  const [first] = all;
  if (first === undefined) return;
  tally.firstRefusal ??= first;
  const more = all.length === 1 ? '' : ` It refused ${all.length.toLocaleString('en-US')} deletions in all.`;
  observer.noticed?.(account.name, `${first.message}${more}`);
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
