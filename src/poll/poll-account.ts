import type { Destination } from '../delivery/destination.ts';
import { abandonedAt } from '../delivery/destination.ts';
import { destinationName } from '../delivery/settings.ts';
import { asMailError, MailError } from '../errors.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Runtime } from '../runtime.ts';
import type { Account } from './account.ts';
import { noteBroughtBack } from './brought-back.ts';
import { confirmDeletions, type Marked, markDeletions, quit } from './deletion/delete.ts';
import { LostAtDele, noteLostAtDele } from './deletion/lost-at-dele.ts';
import { Questions } from './deletion/questions.ts';
import { warnOfExpiry } from './expiry.ts';
import { FramingTrouble } from './framing-trouble.ts';
import { SizeExperience } from './listed-size.ts';
import { takeListing } from './listing.ts';
import { type LoggedIn, logIn, noteServer } from './log-in.ts';
import { mayComeBack } from './login-delay.ts';
import type { PollObserver } from './observer.ts';
import { type PlannedVisit, planVisit } from './plan-visit.ts';
import { type OpenSession, type Poll, type PollControl, stoppedOnRequest } from './poll.ts';
import { Progress } from './progress.ts';
import { isUnchanged, quietAfter } from './quiet.ts';
import { UnreadableHeader } from './recognition/unreadable-header.ts';
import { assertNamed } from './refused-uidl.ts';
import { type PollReport, Tally } from './report.ts';
import { noteUnreadable } from './retrieval/refuse.ts';
import { type Retrieved, retrieve } from './retrieval/retrieve.ts';
import { sequelOf } from './sequel.ts';
import { Stopwatch } from './timings.ts';

/** What a poll works with, built once for the process. */
export interface PollDeps {
  readonly runtime: Runtime;
  readonly ledgerOf: (account: string) => AccountLedger;
  readonly openSession: OpenSession;
  readonly openDestinations: (account: Account, ledger: AccountLedger) => Promise<readonly Destination[]>;
  readonly observer: PollObserver;
}

/**
 * Carries new mail from one maildrop to its destinations, and deletes on the server what may be deleted. Never raises: the
 * report says what happened (I9).
 */
export async function pollAccount(
  account: Account,
  deps: PollDeps,
  control: PollControl,
): Promise<PollReport> {
  const begun = deps.runtime.monotonic();
  const tally = new Tally();
  const stopwatch = new Stopwatch(deps.runtime);
  const report = (): PollReport => {
    stopwatch.enter(undefined);
    const durationMs = deps.runtime.monotonic() - begun;
    return tally.report(account.name, { durationMs, timings: stopwatch.timings() });
  };
  try {
    const ledger = deps.ledgerOf(account.name);
    const poll = await openPoll({ ...deps, account, ledger, control, tally, stopwatch });
    await carryAll(poll, deps.openDestinations);
    await closePoll(poll, report());
  } catch (error) {
    tally.failure ??= asMailError(error);
  }
  const final = report();
  deps.observer.finished?.(final);
  return final;
}

/** What a poll has before its ledger knows of it. */
type PollParts = Pick<Poll, 'account' | 'ledger' | 'control' | 'tally' | 'stopwatch'> &
  Omit<PollDeps, 'ledgerOf' | 'openDestinations'>;

/** Begins a poll. From now on the ledger holds a mark for it, which a poll that never ends leaves behind (I3). */
async function openPoll(parts: PollParts): Promise<Poll> {
  const marks = await parts.ledger.openPoll();
  return {
    ...parts,
    ...marks,
    destinations: [],
    wasNew: parts.ledger.isNew(),
    startedAt: parts.runtime.now(),
    questions: new Questions(parts.account.name, {
      isConfirmed: parts.control.confirmDelete === true,
      before: parts.ledger.asked(),
      configured: parts.account.destinations.map(destinationName),
    }),
    framing: new FramingTrouble(),
    sizes: new SizeExperience(parts.ledger.recentSizes()),
    visited: false,
    mistrustsNames: false,
    stalled: false,
    retrieved: new Set(),
    gone: new Set(),
  };
}

/** Runs session after session, until this poll has carried all that it may. What ends it early goes into the tally. */
async function carryAll(poll: Poll, openDestinations: PollDeps['openDestinations']): Promise<void> {
  const { account, ledger, tally, control } = poll;
  try {
    await using opened = closing(await openDestinations(account, ledger));
    poll.destinations = opened.destinations;
    if (poll.interrupted || poll.inDoubt)
      for (const destination of opened.destinations) destination.doubt?.(poll.interrupted);
    using _ = abandonedAt(control.abort, opened.destinations);
    await noteMaildrop(poll);
    await noteBroughtBack(poll);
    const progress = new Progress(poll);
    while (await carryInSession(poll)) {
      if (control.stop.aborted) throw stoppedOnRequest();
      progress.check();
    }
    if (tally.skipped === 0 && ledger.found().length > 0) await ledger.noteFound([]);
  } catch (error) {
    tally.failure = failureOf(error, control);
  }
}

/** What a destination fails of that was given up on request says nothing of it. */
function failureOf(error: unknown, { abort }: PollControl): MailError {
  const failure = asMailError(error);
  return abort.aborted && failure.code === 'destination-locked' ? stoppedOnRequest() : failure;
}

/**
 * Ends a poll in the ledger. One that failed before it had looked for what an earlier poll left keeps the marks for that.
 */
async function closePoll(poll: Poll, report: PollReport): Promise<void> {
  const { ledger, tally, questions, runtime, interrupted, ledgerWasPutBack } = poll;
  const failed = tally.failure !== undefined;
  // What has not come yet may be what was handed over; it is looked for when it comes. What is too large may stay for years.
  const someHaveNotCome = failed || tally.skipped - tally.tooLarge + tally.quarantined > 0;
  // A lost ledger knows a part of what it knew after one poll, and nobody sees that it was lost.
  const inDoubt = interrupted || tally.unrecorded || poll.inDoubt || poll.wasNew || ledgerWasPutBack;
  await ledger.closePoll({
    at: runtime.now(),
    success: !failed,
    report: JSON.stringify(report),
    quiet: tally.quiet,
    // What a failure kept from being told was not asked.
    asked: failed ? undefined : questions.noted,
    unfinished: failed && (interrupted || tally.unrecorded),
    inDoubt: someHaveNotCome && inDoubt,
    ledgerWasPutBack: failed && ledgerWasPutBack,
  });
}

/** One session, closed whatever happens. A message that costs the session does not end the poll (I9). */
async function carryInSession(poll: Poll): Promise<boolean> {
  const loggedIn = await logIn(poll);
  const { session } = loggedIn;
  try {
    return await carry(loggedIn, poll);
  } catch (error) {
    if (error instanceof LostAtDele) return noteLostAtDele(error, session, poll);
    if (error instanceof UnreadableHeader) return await noteUnreadable(error, session, poll);
    throw error;
  } finally {
    await session.close();
  }
}

/** THE LINE: one session, from its listing to QUIT. Resolves to whether the poll goes on in another session. */
async function carry(loggedIn: LoggedIn, poll: Poll): Promise<boolean> {
  const { ledger, tally, runtime, stopwatch } = poll;
  const { session } = loggedIn;

  stopwatch.enter('listingMs');
  const listing = (await isUnchanged(session, poll)) ? undefined : await takeListing(session);
  await noteServer(loggedIn, poll);
  if (listing === undefined) {
    await quit(session, tally);
    return false;
  }
  assertNamed(listing, session, ledger);
  const visit = await planVisit(session, listing, poll); // I3, I8
  announce(session, visit, poll);

  stopwatch.enter('retrieveMs');
  const retrieved = await retrieve(session, visit, poll); // RETR → durable → recorded: I2
  // A lost session deletes nothing, and does not say what is missing: the next one does both.
  if (session.broken !== undefined) return goesOn({ session, visit, retrieved, marked: undefined }, poll);

  stopwatch.enter('deleteMs');
  const marked = await markDeletions(session, { ...visit, ...retrieved }, poll); // DELE, by the ledger: I1
  await confirmDeletions(session, marked, poll); // QUIT: only now are they real
  await ledger.noteMissing(visit.known.missing(visit.recognition.gone), runtime.now());
  return goesOn({ session, visit, retrieved, marked }, poll);
}

/** What a session has done. */
interface SessionDone {
  readonly session: Transaction;
  readonly visit: PlannedVisit;
  readonly retrieved: Retrieved;
  /** Undefined where the session was lost before. */
  readonly marked: Marked | undefined;
}

/** Whether the poll goes on in another session. Raises what kept this one from retrieving all that it should. */
function goesOn({ session, visit, retrieved, marked }: SessionDone, poll: Poll): boolean {
  if (retrieved.failure !== undefined) throw retrieved.failure;
  const sequel = sequelOf({ ...retrieved, marked, mayComeBack: mayComeBack(session) });
  if (sequel.next === 'poll') leaveForNextPoll(sequel.left, session, poll);
  const isQuiet = sequel.next === 'nothing' && sequel.isQuiet;
  if (isQuiet) poll.tally.quiet = quietAfter({ ...visit, ...retrieved, announced: session.announced }, poll);
  return sequel.next === 'session';
}

/** An account may keep its name and get another server or user: then nothing is known of the new maildrop. */
async function noteMaildrop({ account, ledger, observer, runtime }: Poll): Promise<void> {
  const { name, user, host } = account;
  const { changed } = await ledger.takeMaildrop(`${user}@${host.toLowerCase()}`, runtime.now());
  if (!changed) return;
  observer.noticed?.(
    name,
    'The account has another server or user now; what it lists is compared with what was carried.',
  );
}

/**
 * A server that wants a long time between two logins (RFC 2449 §6.5) gets it, and the report says that mail is left for that
 * (I9).
 */
function leaveForNextPoll(left: number, { loginDelay }: Transaction, { tally }: Poll): void {
  tally.skipped += left;
  tally.firstRefusal ??= new MailError(
    'login-delay',
    `The server wants ${loginDelay} s between two logins, so ${left} messages are left for the next poll.`,
    { hint: 'The next poll goes on from there.' },
  );
}

/** Tells whoever watches what is going to happen, what is odd about the listing, and what the server removes by itself. */
function announce(session: Transaction, { listing, plan }: PlannedVisit, poll: Poll): void {
  const { account, tally, observer } = poll;
  tally.planned(listing, plan);
  const { retrievals, further } = plan;
  const octets = retrievals.reduce((sum, { message }) => sum + (message.octets ?? 0), further.octets);
  observer.planned?.(account.name, retrievals.length + further.messages, octets);
  const { claimed, messages } = listing;
  if (claimed !== messages.length) {
    observer.noticed?.(account.name, `The server says ${claimed} messages, but lists ${messages.length}.`);
  }
  warnOfExpiry(session, plan, poll);
}

function closing(destinations: readonly Destination[]): AsyncDisposable & Pick<Poll, 'destinations'> {
  return {
    destinations,
    [Symbol.asyncDispose]: async () => {
      for (const destination of destinations) await destination.close();
    },
  };
}
