import type { AccountLedger } from '../../ledger/ledger.ts';
import type { Deletable, RecordId } from '../../ledger/record.ts';
import type { MessageNumber, UniqueId } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { countText, printable } from '../../wire/text.ts';
import type { Bound } from '../columns/bound-records.ts';
import { deletableUntil } from '../deletion-policy.ts';
import { keptAlive } from '../keep-alive.ts';
import { LOST_SAMPLE, SOON_MS } from '../limits.ts';
import { mayLackSomething } from '../listed-size.ts';
import type { Listing } from '../listing.ts';
import type { Deciding } from '../poll.ts';
import { isMassDeletion, planDeletions } from './plan-deletions.ts';
import { unsafeHere } from './safe-here.ts';
import { otherThere } from './same-there.ts';

/** What may be deleted now. */
export interface DueDeletions {
  readonly numbers: readonly MessageNumber[];
  /**
   * What is left out since another message may have its unique-id by now, or since nothing tells what it was but what stands
   * here: these records count as missing, so that the next session compares their content (I1, I8).
   */
  readonly uncertain: ReadonlyMap<RecordId, UniqueId>;
  /** Whether it was kept on purpose until now. */
  readonly wasKept: (record: RecordId | undefined) => boolean;
}

/** How much is shown of what a program or a server is called. */
const MAX_PLACE_CHARACTERS = 80;

const NOTHING: DueDeletions = { numbers: [], uncertain: new Map(), wasKept: () => false };

/**
 * Which messages may be deleted: those that the ledger gives as deletable (I1), without what has changed here since, what
 * may be another message there, and an unusual number that nobody was asked about. Deletes and records nothing; the first
 * reason why something stays goes into the tally.
 */
export async function dueDeletions(
  session: Transaction,
  {
    listing,
    bound,
    came,
    delivered,
  }: {
    readonly listing: Listing;
    readonly bound: Bound;
    /** Those of them whose content came in this session, and those of these that were stored in it, all of it. */
    readonly came: { has(number: MessageNumber): boolean };
    readonly delivered: { has(number: MessageNumber): boolean };
  },
  poll: Deciding,
): Promise<DueDeletions> {
  const { account, ledger, tally, questions } = poll;
  // The clock may be set meanwhile.
  const until = deletableUntil(account.deletion, poll.startedAt);
  if (until === undefined || bound.size === 0) return NOTHING;
  const deletable = ledger.deletable(until, poll.startedAt - SOON_MS);
  const isUndeletable = (number: MessageNumber): boolean => {
    const message = listing.messages.numbered(number);
    return message !== undefined && poll.framing.isUndeletable(message);
  };
  const wasKept = (record: RecordId | undefined): boolean =>
    record !== undefined && deletable.get(record)?.pending === false;
  const due = planDeletions(bound, deletable).filter((number) => !isUndeletable(number));
  const whole = withoutCut(due, { listing, bound, deletable }, poll);
  const isKept = (number: MessageNumber): boolean => wasKept(bound.get(number));
  const usual = await keptAlive(session, withoutMassDeletion(whole, { bound, isKept }, poll));
  const late = usual.filter((number) => !delivered.has(number));
  const unsafe = await keptAlive(session, unsafeNow(late, bound, poll));
  const safe = usual.filter((number) => !unsafe.has(number));
  const earlier = safe.filter((number) => !came.has(number));
  const uncertain = await mayBeOthers(session, earlier, { listing, bound, deletable }, poll);
  const isUncertain = (number: MessageNumber): boolean => {
    const record = bound.get(number);
    return record !== undefined && uncertain.has(record);
  };
  tally.question = questions.asked;
  return { numbers: safe.filter((number) => !isUncertain(number)), uncertain, wasKept };
}

/** What tells of a message that may be deleted how it was delivered, and how it is listed. */
interface DueVisit {
  readonly listing: Listing;
  readonly bound: Bound;
  readonly deletable: ReadonlyMap<RecordId, Deletable>;
}

/** The records of what did not come in this session, and may be another message there than here. */
async function mayBeOthers(
  session: Transaction,
  numbers: readonly MessageNumber[],
  { listing, bound, deletable }: DueVisit,
  poll: Deciding,
): Promise<ReadonlyMap<RecordId, UniqueId>> {
  const unproven = new Map<RecordId, UniqueId>();
  const toCompare: MessageNumber[] = [];
  for (const number of numbers) {
    const [record, uid] = [bound.get(number), listing.messages.numbered(number)?.uid];
    const isWorkedOut = record !== undefined && deletable.get(record)?.workedOut === true;
    if (isWorkedOut && uid !== undefined) unproven.set(record, uid);
    else toCompare.push(number);
  }
  const others = await otherThere(session, toCompare, { listing, bound }, poll);
  return new Map([...unproven, ...others]);
}

/** Leaves out what may be here only in part: the server may have the rest. */
function withoutCut(
  numbers: readonly MessageNumber[],
  what: DueVisit,
  { ledger, questions }: Deciding,
): readonly MessageNumber[] {
  const cut = cutMessages(numbers, what, ledger);
  const [first] = cut;
  const sentence = `${countText(cut.size, 'message')} are stored as they came, which is shorter than the server lists them: unless the server counts wrong, something is missing. The first is message ${first}.`;
  return questions.allows('cut', cut.size, sentence) ? numbers : numbers.filter((number) => !cut.has(number));
}

/** Leaves out all that was kept, where there is so much of it that somebody has to be asked first. */
async function withoutMassDeletion(
  numbers: readonly MessageNumber[],
  { bound, isKept }: { readonly bound: Bound; readonly isKept: (number: MessageNumber) => boolean },
  poll: Deciding,
): Promise<readonly MessageNumber[]> {
  const kept = numbers.filter(isKept);
  const before = poll.ledger.mostDeleted();
  const sentence = `${countText(kept.length, 'message')} that were kept on the server until now would be deleted there; the most so far was ${before.toLocaleString('en-US')}.`;
  if (!isMassDeletion(kept.length, before) || poll.questions.allows('many', kept.length, sentence))
    return numbers;
  // Whoever is asked about many hears, too, that what is here of them may be lost.
  await unsafeNow(kept.slice(0, LOST_SAMPLE), bound, poll);
  return numbers.filter((number) => !isKept(number));
}

/** Which of these are not safe here; of what is lost or cannot be looked for, and may be deleted all the same, none. Tells why. */
async function unsafeNow(
  numbers: readonly MessageNumber[],
  bound: Bound,
  poll: Deciding,
): Promise<ReadonlySet<MessageNumber>> {
  const { tally, questions } = poll;
  const { changed, lost, lostPlaces, left, leftPlaces } = await unsafeHere(numbers, bound, poll);
  const [first] = changed.values();
  tally.firstRefusal ??= first;
  const sentence = `${lost.size.toLocaleString('en-US')} of the messages that would be deleted on the server now are not in ${lostPlaces.join(', ')}, which is gone, was made anew or has lost its end since they were delivered.`;
  const isAllowed = questions.allows('lost', lost.size, sentence);
  const ofLeft = `${countText(left.size, 'message')} that would be deleted on the server now were handed over to ${leftPlaces.map((place) => printable(place, MAX_PLACE_CHARACTERS)).join(', ')}, where no mail goes any more and nobody can look for them.`;
  const areLeftAllowed = questions.allowsLeft(leftPlaces, ofLeft);
  return new Set([...changed.keys(), ...(isAllowed ? [] : lost), ...(areLeftAllowed ? [] : left)]);
}

/** Which of the messages that could be deleted came shorter than listed, without the server doing so by habit. */
function cutMessages(
  numbers: readonly MessageNumber[],
  { listing, bound, deletable }: DueVisit,
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
