import { asMailError, type ErrorCode, MailError } from '../../errors.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { WireError } from '../../wire/errors.ts';
import { keepRetrieved } from '../expiry.ts';
import { keptAlive } from '../keep-alive.ts';
import { MOST_LOST_SESSIONS } from '../limits.ts';
import { mayComeBack } from '../login-delay.ts';
import { isIdentified, type Retrieval } from '../plan.ts';
import type { PlannedVisit } from '../plan-visit.ts';
import { type Poll, stoppedOnRequest } from '../poll.ts';
import { CarriedBefore } from './carried-before.ts';
import { mayBeCut } from './cut.ts';
import { Leftovers } from './leftovers.ts';
import { MixedReplies } from './mixed-replies.ts';
import { endOfSession, portionOf } from './portion.ts';
import { discardAll, EndlessMessage, type Received, ReplyInDoubt, RunOnMessage, receive } from './receive.ts';
import { putLast, refuseMessage } from './refuse.ts';
import { Settling } from './settle.ts';
import { RetrievalWindow } from './window.ts';

/** Failures that may be the fault of the message under way. */
const BLAMED: ReadonlySet<ErrorCode> = new Set(['message-damaged', 'timeout', 'connection-lost', 'protocol']);

/** What the retrieval of one session led to. */
export interface Retrieved {
  /** Which record each message stands for that has come and is safe. */
  readonly came: ReadonlyMap<MessageNumber, RecordId>;
  /** Those of them that were stored whole in this session, and not only compared with what stands here. */
  readonly delivered: ReadonlySet<MessageNumber>;
  /** What ended it early; the session can still DELE and QUIT. */
  readonly failure: MailError | undefined;
  /** Whether something is left for another session, and how many messages were not asked for yet. */
  readonly more: boolean;
  readonly left: number;
}

/**
 * RETR → deliver (durable) → record, for each message that was chosen. Messages arrive one after the other and
 * settle at the same time; one that the server will not give does not end the session (I9). Raises what does.
 */
export async function retrieve(session: Transaction, visit: PlannedVisit, poll: Poll): Promise<Retrieved> {
  const { tally, framing, stopwatch, control } = poll;
  const { retrievals, further } = visit.plan;
  const mayReconnect = mayComeBack(session);
  const portion = portionOf(retrievals, mayReconnect, poll);
  const window = new RetrievalWindow(session, portion);
  const settling = new Settling(poll, new CarriedBefore(visit, poll), await Leftovers.lookFor(poll));
  const until = endOfSession(portion, mayReconnect, poll);
  const refusals = (): number => tally.skipped + tally.quarantined;
  const [refusedBefore, passedOverBefore] = [refusals(), framing.passedOver];

  const error = await receiveAll({ session, window, settling, poll, until }).catch(asMailError);
  stopwatch.enter('settleMs');
  await keptAlive(session, settling.drained());
  // Where the line broke, too: what came before that is safe here, and still there.
  const came = settling.bound;
  tally.kept += came.size;
  for (const record of came.values()) poll.retrieved.add(record);

  // A message that is passed over costs this session, not the others of the poll.
  const costsSession = error instanceof RunOnMessage || framing.passedOver > passedOverBefore;
  if (error instanceof MailError) {
    if (!costsSession) throw settling.failure ?? error;
    session.break(new WireError(error.code, error.message, { hint: error.hint }));
  }
  const isUnsafe = [...window.came].some((number) => !came.has(number));
  const endsWithoutQuit = !costsSession && isUnsafe && keepRetrieved(session, poll);

  const stopped = control.stop.aborted && window.unsent > 0 ? stoppedOnRequest() : undefined;
  const failure = settling.failure ?? stopped;
  const ended = { came, delivered: settling.delivered, failure };
  if (failure !== undefined) return { ...ended, more: false, left: 0 };
  const isUnfinished = costsSession || window.unsent > 0 || portion.length < retrievals.length;
  // What is safe is deleted by another session, in which none of it is retrieved.
  const isToDelete = poll.account.deletion.kind !== 'never' && portion.every(isIdentified);
  const all = retrievals.length + further.messages;
  return {
    ...ended,
    more: isUnfinished || (endsWithoutQuit && mayReconnect && isToDelete),
    left: all - came.size - (refusals() - refusedBefore),
  };
}

interface Receiving {
  readonly session: Transaction;
  readonly window: RetrievalWindow;
  readonly settling: Settling;
  readonly poll: Poll;
  /** When the session has lasted long enough, by the monotonic clock. */
  readonly until: number | undefined;
}

async function receiveAll(receiving: Receiving): Promise<void> {
  const { window, settling, poll, until = Number.POSITIVE_INFINITY } = receiving;
  const mixed = new MixedReplies();
  /** The last message that has come; only the next reply proves that it is whole. */
  let unproven: Received | undefined;
  let current: Retrieval | undefined;
  try {
    for (;;) {
      if (poll.control.stop.aborted || settling.failure !== undefined) window.stop();
      const arrival = await window.next();
      if (unproven !== undefined) await settling.add(unproven);
      unproven = undefined;
      if (arrival === undefined) {
        if (mixed.held !== undefined && settling.failure === undefined)
          throw new ReplyInDoubt(mixed.held.retrieval);
        return;
      }
      if ('refusal' in arrival) {
        mixed.noteRefused(arrival.retrieval.message.number);
        await refuseMessage(arrival.retrieval, arrival.refusal, poll);
        continue;
      }
      current = arrival.retrieval;
      const received = await receiveOne(arrival, receiving);
      if (received.failure !== undefined) {
        settling.fail(received.failure);
        await putLast(arrival.retrieval, received.failure, poll);
      } else if (settling.failure === undefined) unproven = await doubted(received, mixed, receiving);
      else await discardAll(received.drafts);
      current = undefined;
      // Only now, so that no session ends before a message has come.
      if (poll.runtime.monotonic() >= until) window.stop();
    }
  } catch (thrown) {
    const failure = asMailError(thrown);
    // Where a reply was left out, the last one does not come.
    const error =
      mixed.held === undefined || failure.code === 'aborted' || failure instanceof RunOnMessage
        ? failure
        : new ReplyInDoubt(mixed.held.retrieval);
    if (unproven !== undefined) await settleUnproven(unproven, failure, receiving);
    const blamed = blamedFor(error, { current, unproven, window });
    if (blamed !== undefined) await blame(blamed, error, receiving);
    throw error;
  } finally {
    await mixed.discard();
  }
}

/**
 * A message that may not be the one that was asked for is held until the other one has come; those that are cleared by then
 * are settled. Resolves to the message, unless it is held. Raises `ReplyInDoubt`.
 */
async function doubted(
  received: Received,
  mixed: MixedReplies,
  { session, window, settling, poll }: Receiving,
): Promise<Received | undefined> {
  const { retrieval, octets, drafts } = received;
  const mayBeAnother = session.pipelining && !retrieval.alone;
  const others = mayBeAnother && poll.sizes.areExact ? window.othersOfSize(retrieval, octets) : [];
  try {
    // Where sizes do not tell which other one, the shorter of two that were swapped may show it; the longer is settled already.
    if (mayBeAnother && !poll.sizes.areKnownExact && mayComeBack(session) && mayBeCut(received, poll))
      throw new ReplyInDoubt(retrieval, 'came shorter than listed');
    for (const one of mixed.take(received, others)) await settling.add(one);
  } catch (error) {
    await discardAll(drafts);
    throw error;
  }
  return mixed.isHeld(received) ? undefined : received;
}

/** Whose fault it may be that the session has failed. */
function blamedFor(
  error: MailError,
  {
    current,
    unproven,
    window,
  }: { current: Retrieval | undefined; unproven: Received | undefined; window: RetrievalWindow },
): Retrieval | undefined {
  if (error instanceof ReplyInDoubt) return error.retrieval;
  if (current !== undefined) return current;
  return unproven !== undefined && error.code === 'protocol' ? undefined : window.awaited;
}

/**
 * A message that may run on is asked for alone in the next session. Where that is in the next poll, it counts as an attempt.
 */
async function blame(retrieval: Retrieval, error: MailError, { session, poll }: Receiving): Promise<void> {
  if (error instanceof RunOnMessage && mayComeBack(session)) return poll.framing.noteRunOn(retrieval.message);
  passOver(retrieval, error, { session, poll });
  if (BLAMED.has(error.code)) await refuseMessage(retrieval, error, poll);
  else await putLast(retrieval, error, poll);
}

/**
 * A message that had no end is left alone for the rest of the poll; so is one without a unique-id of its own that has ended the
 * session otherwise, a few times: its attempts cannot be counted, and no poll would ever get past it (I9).
 */
function passOver(
  { message }: Retrieval,
  error: MailError,
  { session, poll }: Pick<Receiving, 'session' | 'poll'>,
): void {
  const isUntold = message.uid === undefined || message.twin;
  const isUncounted = isUntold && BLAMED.has(error.code) && mayComeBack(session);
  if (error instanceof EndlessMessage || (isUncounted && poll.framing.passedOver < MOST_LOST_SESSIONS))
    poll.framing.passOver(message);
}

/** After a failure elsewhere, what is still arriving is read only to save the session. */
function receiveOne(
  { retrieval, body }: { retrieval: Retrieval; body: AsyncIterable<Buffer> },
  { session, settling, poll }: Receiving,
): Promise<Received> {
  const pipelined = session.pipelining && !retrieval.alone;
  return receive(retrieval, body, {
    pipelined,
    isToBeFound: settling.mayFind(retrieval),
    withBody: retrieval.reason !== 'new',
    destinations: settling.failure === undefined ? poll.destinations : [],
    onOctets: (octets) => poll.observer.received?.(poll.account.name, octets),
  });
}

/**
 * The session failed right after this message. A reply that made no sense means that the message may have gone
 * on; a line that was cut says nothing against a message that had its end and its size.
 */
async function settleUnproven(
  unproven: Received,
  error: MailError,
  { session, settling, poll }: Receiving,
): Promise<void> {
  const { retrieval } = unproven;
  const listed = retrieval.message.octets;
  if (error.code === 'protocol' || listed === undefined || unproven.octets < listed) {
    await discardAll(unproven.drafts);
    if (error.code !== 'protocol') return;
    passOver(retrieval, error, { session, poll });
    await refuseMessage(retrieval, endedElsewhere(unproven, error), poll);
  } else {
    await settling.add(unproven);
  }
}

function endedElsewhere({ retrieval }: Received, error: MailError): MailError {
  const { number } = retrieval.message;
  return new MailError('protocol', `Message ${number} did not end where it seemed to: ${error.message}`, {
    cause: error,
    hint: 'The server probably does not byte-stuff it. It stays there; look at it with the provider’s web mail.',
  });
}
