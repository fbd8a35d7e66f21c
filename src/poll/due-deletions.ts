import { MailError } from '../errors.ts';
import type { AccountLedger, Deletable, RecordId } from '../ledger/ledger.ts';
import type { MessageNumber, UniqueId } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Bound } from './columns/bound-records.ts';
import { LOST_SAMPLE } from './limits.ts';
import type { Listing } from './listing.ts';
import { deletableUntil, isMassDeletion, planDeletions } from './plan.ts';
import type { Deciding } from './poll.ts';
import { mayLackSomething } from './retrieval/listed-size.ts';
import { safeHere, tellOfLost } from './safe-here.ts';
import { otherThere } from './same-there.ts';

/** What may be deleted now. */
export interface DueDeletions {
  readonly numbers: readonly MessageNumber[];
  /**
   * What is left out since another message may have its unique-id by now: these records count as missing, so that the next
   * poll finds out by its content what is listed there (I1, I8).
   */
  readonly others: ReadonlyMap<RecordId, UniqueId>;
  /** Whether it was kept on purpose until now. */
  readonly wasKept: (record: RecordId | undefined) => boolean;
}

const NOTHING: DueDeletions = { numbers: [], others: new Map(), wasKept: () => false };

/**
 * Which messages may be deleted: those that the ledger gives as deletable (I1), without what has changed here since, what may
 * be another message there, and an unusual number of which nobody was asked. Changes nothing; the first reason why something
 * stays is noted in the tally.
 */
export async function dueDeletions(
  session: Transaction,
  {
    listing,
    bound,
    retrieved,
  }: {
    readonly listing: Listing;
    readonly bound: Bound;
    /** Those of them that came in this session. */
    readonly retrieved: { has(number: MessageNumber): boolean };
  },
  poll: Deciding,
): Promise<DueDeletions> {
  const { account, ledger } = poll;
  // The clock may be set meanwhile.
  const until = deletableUntil(account.deletion, poll.startedAt);
  if (until === undefined || bound.size === 0) return NOTHING;
  const deletable = ledger.deletable(until);
  const wasKept = (record: RecordId | undefined): boolean =>
    record !== undefined && deletable.get(record)?.pending === false;
  const isKept = (number: MessageNumber): boolean => wasKept(bound.get(number));
  const mustReread = (number: MessageNumber): boolean => account.deletion.kind === 'after' || isKept(number);
  const due = withoutCut(planDeletions(bound, deletable), { listing, bound, deletable }, poll);
  // Whoever is asked about many hears first that what is here of them may be lost.
  if (isUnconfirmed(due.filter(isKept), poll))
    await tellOfLost(due.slice(0, LOST_SAMPLE), { mustReread, bound }, poll);
  const allowed = withoutMassDeletion(due, isKept, poll);
  const unchanged = await safeHere(allowed, { mustReread, bound }, poll);
  const earlier = unchanged.filter((number) => !retrieved.has(number));
  const others = await otherThere(session, earlier, { listing, bound }, poll);
  const isAnother = (number: MessageNumber): boolean => {
    const record = bound.get(number);
    return record !== undefined && others.has(record);
  };
  return { numbers: unchanged.filter((number) => !isAnother(number)), others, wasKept };
}

/** Leaves out what may be here only in part: the server may have the rest. */
function withoutCut(
  numbers: readonly MessageNumber[],
  what: Parameters<typeof cutMessages>[1],
  { ledger, control, tally, account }: Deciding,
): readonly MessageNumber[] {
  if (control.confirmDelete === true) return numbers;
  const cut = cutMessages(numbers, what, ledger);
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
function cutMessages(
  numbers: readonly MessageNumber[],
  {
    listing,
    bound,
    deletable,
  }: {
    listing: Listing;
    bound: Bound;
    deletable: ReadonlyMap<RecordId, Deletable>;
  },
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

function isUnconfirmed(
  kept: readonly MessageNumber[],
  { ledger, control }: Pick<Deciding, 'ledger' | 'control'>,
): boolean {
  return control.confirmDelete !== true && isMassDeletion(kept.length, ledger.mostDeleted());
}

function withoutMassDeletion(
  numbers: readonly MessageNumber[],
  isKept: (number: MessageNumber) => boolean,
  { ledger, control, tally, account }: Deciding,
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
