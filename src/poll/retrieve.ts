import { asMailError, type ErrorCode, MailError } from '../errors.ts';
import type { RecordId } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { SESSION_MESSAGES, SESSION_OCTETS } from './limits.ts';
import { isIdentified, type Retrieval } from './plan.ts';
import { type Poll, stoppedOnRequest } from './poll.ts';
import { discardAll, EndlessMessage, type Received, receive } from './receive.ts';
import { Settling } from './settle.ts';
import { RetrievalWindow } from './window.ts';

/** Failures that may be the fault of the message under way. */
const BLAMED: ReadonlySet<ErrorCode> = new Set(['message-damaged', 'timeout', 'connection-lost', 'protocol']);

/** What the retrieval of one session led to. */
export interface Retrieved {
  /** Which record each message that was retrieved stands for. */
  readonly bound: ReadonlyMap<MessageNumber, RecordId>;
  /** What ended it early; the session can still DELE and QUIT. */
  readonly failure: MailError | undefined;
  /** Whether messages were left for another session of the same poll. */
  readonly more: boolean;
}

/**
 * RETR → deliver (durable) → record, for each message that was chosen. Messages arrive one after the other and
 * settle at the same time; one that the server will not give does not end the session (I9). Raises what does.
 */
export async function retrieve(
  session: Transaction,
  { retrievals, absent }: { retrievals: readonly Retrieval[]; absent: ReadonlySet<RecordId> },
  poll: Poll,
): Promise<Retrieved> {
  const portion = firstPortion(retrievals);
  const window = new RetrievalWindow(session, portion);
  const settling = new Settling(poll, absent);
  const error = await receiveAll(window, settling, poll).then(
    () => undefined,
    (thrown: unknown) => asMailError(thrown),
  );
  poll.stopwatch.enter('settleMs');
  await settling.drained();
  // One that had no end costs this session, not the others of the poll: they pass it over. Nothing is deleted in
  // a lost session, so its number stays what it is.
  const passOver = error instanceof EndlessMessage;
  if (passOver) poll.passedOver.add(error.number);
  if (error !== undefined && !passOver) throw settling.failure ?? error;
  const stopped = poll.control.stop.aborted && window.unsent > 0 ? stoppedOnRequest() : undefined;
  const failure = settling.failure ?? stopped;
  return {
    bound: settling.bound,
    failure,
    more: failure === undefined && (passOver || portion.length < retrievals.length),
  };
}

async function receiveAll(window: RetrievalWindow, settling: Settling, poll: Poll): Promise<void> {
  /** The last message that has come; only the next reply proves that it is whole. */
  let unproven: Received | undefined;
  let current: Retrieval | undefined;
  try {
    for (;;) {
      if (poll.control.stop.aborted || settling.failure !== undefined) window.stop();
      const arrival = await window.next();
      if (unproven !== undefined) await settling.add(unproven);
      unproven = undefined;
      if (arrival === undefined) return;
      if ('refusal' in arrival) {
        await settling.refuse(arrival.retrieval, arrival.refusal);
        continue;
      }
      current = arrival.retrieval;
      const received = await receiveOne(arrival, settling, poll);
      if (received.failure !== undefined) settling.fail(received.failure);
      else if (settling.failure === undefined) unproven = received;
      else await discardAll(received.drafts);
      current = undefined;
    }
  } catch (thrown) {
    const error = asMailError(thrown);
    if (unproven !== undefined) await settleUnproven(unproven, error, settling);
    const blamed =
      current ?? (unproven !== undefined && error.code === 'protocol' ? undefined : window.awaited);
    if (blamed !== undefined && BLAMED.has(error.code)) await settling.refuse(blamed, error);
    throw error;
  }
}

/** After a failure elsewhere, what is still arriving is read only to save the session. */
function receiveOne(
  { retrieval, body }: { retrieval: Retrieval; body: AsyncIterable<Buffer> },
  settling: Settling,
  poll: Poll,
): Promise<Received> {
  return receive(retrieval, body, {
    destinations: settling.failure === undefined ? poll.destinations : [],
    onOctets: (octets) => poll.observer.received?.(poll.account.name, octets),
  });
}

/**
 * The session failed right after this message. A reply that made no sense means that the message may have gone
 * on; a line that was cut says nothing against a message that had its end and its size.
 */
async function settleUnproven(unproven: Received, error: MailError, settling: Settling): Promise<void> {
  const listed = unproven.retrieval.message.octets;
  if (error.code === 'protocol' || listed === undefined || unproven.octets < listed) {
    await discardAll(unproven.drafts);
    if (error.code === 'protocol') await settling.refuse(unproven.retrieval, endedElsewhere(unproven, error));
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

/**
 * As many as one session should carry: a line that drops late must not cost all deletions. Those that only their
 * content tells apart come in the last session, all together: the next one could not know that they were carried.
 */
function firstPortion(retrievals: readonly Retrieval[]): readonly Retrieval[] {
  const identified = retrievals.filter(isIdentified);
  let octets = 0;
  const end = identified.findIndex(({ message }, index) => {
    octets += message.octets ?? 0;
    return index > 0 && (index >= SESSION_MESSAGES || octets > SESSION_OCTETS);
  });
  return end < 0 ? retrievals : identified.slice(0, end);
}
