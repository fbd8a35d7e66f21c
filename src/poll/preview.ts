import { abandonedAt } from '../delivery/destination.ts';
import { type ReadOnlyDestination, readOnlyAll } from '../delivery/read-only.ts';
import { destinationName } from '../delivery/settings.ts';
import type { MailError } from '../errors.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { FoundMessage } from '../ledger/record.ts';
import { type MessageSummary, summarize } from '../message/summary.ts';
import type { MessageNumber } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Account } from './account.ts';
import { broughtBack, recordsBack } from './brought-back.ts';
import { dueDeletions } from './deletion/due-deletions.ts';
import { Questions } from './deletion/questions.ts';
import { isDeletedAtOnce } from './deletion-policy.ts';
import { FramingTrouble } from './framing-trouble.ts';
import { tagFor } from './identity.ts';
import { type Listing, takeListing } from './listing.ts';
import { boundRecords, type Decision, planRetrievals } from './plan.ts';
import type { Deciding, PollControl } from './poll.ts';
import type { PollDeps } from './poll-account.ts';
import { findNameless } from './recognition/found.ts';
import { importedForms } from './recognition/imported.ts';
import { knownMessages } from './recognition/known.ts';
import { readHeader } from './recognition/read-headers.ts';
import { recognise } from './recognition/recognise.ts';
import { assertNamed } from './refused-uidl.ts';
import { Tally } from './report.ts';

/** How many messages of a preview are shown with their header. */
const SUMMARIES = 20;

/** What a poll would do now, message by message. */
export interface Preview {
  readonly account: string;
  readonly decisions: readonly Decision[];
  /** The messages carried before that would be deleted. */
  readonly deletions: ReadonlySet<MessageNumber>;
  /** Those whose content would be compared first, with what is here, before they are deleted. */
  readonly compared: ReadonlySet<MessageNumber>;
  /** Whether what is retrieved would be deleted in the same poll. */
  readonly deletesRetrieved: boolean;
  /** Why some of what is due would stay there: it has changed here, say, or somebody has to be asked first. */
  readonly refusal: MailError | undefined;
  /** Who wrote what, for the first of the messages that would be retrieved. */
  readonly summaries: ReadonlyMap<MessageNumber, MessageSummary>;
}

/**
 * The plan of a poll, made as the poll would make it, and nothing else: no RETR, no DELE, nothing recorded
 * or delivered. TOP is used to show what the messages are, where the server has it.
 */
export async function previewAccount(
  account: Account,
  deps: Pick<PollDeps, 'ledgerOf' | 'openSession' | 'runtime'>,
  control: PollControl,
): Promise<Preview> {
  const ledger = deps.ledgerOf(account.name);
  await using session = await deps.openSession(account, control.abort);
  const listing = await takeListing(session);
  assertNamed(listing, session, ledger);
  const destinations = readOnlyAll(account.destinations, ledger, account.name);
  using _ = abandonedAt(control.abort, destinations);
  const framing = new FramingTrouble();
  const tally = new Tally();
  const startedAt = deps.runtime.now();
  const looking: Looking = { account, ledger, destinations, framing, tally, startedAt };
  const { decisions, stands } = await planOf(session, listing, looking);
  const due = await deletionsOf(session, { listing, decisions }, { ...looking, control });
  const deletesRetrieved = isDeletedAtOnce(account.deletion);
  const summaries = await summarizeFirst(session, decisions);
  await session.quit();
  return {
    account: account.name,
    decisions,
    deletions: new Set([...due.numbers, ...(deletesRetrieved ? stands : [])]),
    compared: due.compared,
    deletesRetrieved,
    refusal: tally.question ?? tally.firstRefusal,
    summaries,
  };
}

/** What a preview works with. Nothing of it is written to. */
interface Looking extends Omit<Deciding, 'questions' | 'destinations'> {
  readonly destinations: readonly ReadOnlyDestination[];
}

/** What a poll would decide about each message, once it has recorded what it finds. */
async function planOf(session: Transaction, listing: Listing, looking: Looking): Promise<RecordedPlan> {
  const { account, ledger, destinations, framing, tally, startedAt } = looking;
  const forms = importedForms(listing, ledger);
  const renamed = new Map(forms.map(({ remembered, listed }) => [remembered, listed]));
  const known = knownMessages(ledger, listing, renamed);
  const present = await lookForPresent(listing, looking);
  const recognition = await recognise(session, listing, {
    known,
    ledger,
    found: present.found,
    framing,
    now: startedAt,
    // Without TOP a poll retrieves to find out; here all numbers count as others then.
    interrupted: session.capabilities?.has('TOP') === false,
  });
  const back = recordsBack(await broughtBack(destinations, ledger), ledger.wanted());
  const limits = tally.remaining(account.limits, ledger.octetsOn(dayOf(startedAt)));
  const seen = { listing, known, recognition, account, limits, pastSizes: ledger.recentSizes() };
  return asRecorded(planRetrievals({ ...seen, framing, startedAt, now: startedAt }), (it) => {
    const { number } = it.message;
    if (present.named.has(number) || recognition.present.has(number)) return true;
    return it.action === 'retrieve' && it.record !== undefined && back.has(it.record.id);
  });
}

/** Which of the messages carried before a poll would delete, and which it would compare first. */
async function deletionsOf(
  session: Transaction,
  { listing, decisions }: { readonly listing: Listing; readonly decisions: readonly Decision[] },
  { control, ...looking }: Looking & { readonly control: PollControl },
): Promise<{ readonly numbers: readonly MessageNumber[]; readonly compared: ReadonlySet<MessageNumber> }> {
  const { account, ledger } = looking;
  const bound = boundRecords(decisions);
  const nothing = new Set<MessageNumber>();
  const isConfirmed = control.confirmDelete === true;
  const configured = account.destinations.map(destinationName);
  const questions = new Questions(account.name, { isConfirmed, before: ledger.asked(), configured });
  const { numbers, uncertain } = await dueDeletions(
    session,
    { listing, bound, came: nothing, delivered: nothing },
    { ...looking, questions },
  );
  const compared = [...bound].flatMap(([number, record]) => (uncertain.has(record) ? [number] : []));
  return { numbers, compared: new Set(compared) };
}

/** The decisions about all messages, and which of these a poll finds here already. */
interface RecordedPlan {
  readonly decisions: readonly Decision[];
  readonly stands: ReadonlySet<MessageNumber>;
}

/** A poll records what stands there, or is back, before it makes its plan. */
function asRecorded(planned: Iterable<Decision>, isThere: (decision: Decision) => boolean): RecordedPlan {
  const stands = new Set<MessageNumber>();
  const decisions = Array.from(planned, (it): Decision => {
    const { message } = it;
    if (!isThere(it)) return it;
    stands.add(message.number);
    return { action: 'leave', message, reason: 'carried', record: undefined };
  });
  return { decisions, stands };
}

/**
 * What a poll of an account that the ledger does not know would find at the destinations: messages that their names
 * tell, and what is compared with the listing.
 */
async function lookForPresent(
  listing: Listing,
  { account, ledger, destinations }: Looking,
): Promise<{ readonly named: ReadonlySet<MessageNumber>; readonly found: readonly FoundMessage[] }> {
  if (!ledger.isNew()) return { named: new Set(), found: ledger.found() };
  const tags = new Set<string>();
  for (const one of destinations) for (const tag of await one.tags()) tags.add(tag);
  const named = listing.messages.filter(
    ({ uid, twin }) =>
      uid !== undefined && !twin && tags.has(tagFor({ account: account.name, uid, occurrence: 0 })),
  );
  const found = await findNameless(listing, { account: account.name, destinations, ledger });
  return { named: new Set(named.map(({ number }) => number)), found };
}

async function summarizeFirst(
  session: Transaction,
  decisions: readonly Decision[],
): Promise<ReadonlyMap<MessageNumber, MessageSummary>> {
  const summaries = new Map<MessageNumber, MessageSummary>();
  if (session.capabilities?.has('TOP') !== true) return summaries;
  for (const { action, message } of decisions) {
    if (action !== 'retrieve' || summaries.size >= SUMMARIES) continue;
    const header = await readHeader(session, message.number);
    if (header !== undefined) summaries.set(message.number, await summarize(header));
  }
  return summaries;
}
