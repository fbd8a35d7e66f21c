import type { MailError } from '../../errors.ts';
import type { MessageNumber, Octets } from '../../pop3/types.ts';
import { ReplyError } from '../../pop3-client/errors.ts';
import type { MessageBody } from '../../pop3-client/given-body.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { PIPELINE_COMMANDS, PIPELINE_OCTETS } from '../../wire/limits.ts';
import { isListedSize } from '../listed-size.ts';
import type { ListedMessage } from '../listing.ts';
import type { Retrieval } from '../plan.ts';

/** A message that begins to arrive, or that the server will not give. */
export type Arrival =
  | { readonly retrieval: Retrieval; readonly body: MessageBody }
  | { readonly retrieval: Retrieval; readonly refusal: MailError };

interface Sent {
  readonly retrieval: Retrieval;
  readonly octets: number;
  readonly body: Promise<MessageBody>;
}

/**
 * The RETR commands of a session, several under way at a time where the server allows it, within a window of
 * commands and octets (RFC 2449 §6.6). A NOOP behind the last one makes the server answer once more: a reply in
 * its place proves that the message before it ended where it seemed to, and was byte-stuffed. From the first message
 * on that must be alone, the session goes in lock-step.
 */
export class RetrievalWindow {
  readonly #session: Transaction;
  readonly #retrievals: readonly Retrieval[];
  #next = 0;
  #sent: Sent[] = [];
  #octets = 0;
  #stopped = false;
  #proof: Promise<void> | undefined;
  #awaited: Retrieval | undefined;
  /** The messages that have come, in part at least. */
  readonly came: Set<MessageNumber> = new Set();

  constructor(session: Transaction, retrievals: readonly Retrieval[]) {
    this.#session = session;
    this.#retrievals = retrievals;
  }

  /** Sends no further RETR; those under way still arrive. */
  stop(): void {
    this.#stopped = true;
  }

  /** Messages that were never asked for. */
  get unsent(): number {
    return this.#retrievals.length - this.#next;
  }

  /**
   * Where the message that came last has not its listed size: those of the messages under way, or shortly before, that are
   * listed with the size that it has. Of a whole maildrop some message has almost any size.
   */
  othersOfSize({ message: { octets: listed } }: Retrieval, octets: Octets): readonly ListedMessage[] {
    if (isListedSize(listed, octets)) return [];
    const from = Math.max(0, this.#next - this.#sent.length - 1 - PIPELINE_COMMANDS);
    const near = this.#retrievals.slice(from, this.#next).map(({ message }) => message);
    return near.filter((another) => another.octets === octets);
  }

  /** The message whose status line did not come, when `next` has failed. */
  get awaited(): Retrieval | undefined {
    return this.#awaited;
  }

  /**
   * The next message, once its status line has come; undefined after the last one, once the server has proven to
   * be in step. The body must have been read to its end before the next call.
   */
  async next(): Promise<Arrival | undefined> {
    this.#fill();
    const first = this.#sent.shift();
    this.#awaited = first?.retrieval;
    if (first === undefined) {
      if (this.#next > 0) await this.#inStep();
      return undefined;
    }
    this.#octets -= first.octets;
    try {
      const body = await first.body;
      this.#awaited = undefined;
      this.came.add(first.retrieval.message.number);
      return { retrieval: first.retrieval, body };
    } catch (error) {
      if (error instanceof ReplyError) return { retrieval: first.retrieval, refusal: error };
      throw error;
    }
  }

  /** Any well-formed reply will do, a refusal too. */
  async #inStep(): Promise<void> {
    try {
      await (this.#proof ?? this.#session.noop());
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
    }
    this.#session.lockStep = false;
  }

  #fill(): void {
    while (
      !this.#stopped &&
      this.#sent.length < (this.#session.pipelining ? PIPELINE_COMMANDS : 1) &&
      (this.#sent.length === 0 || this.#octets < PIPELINE_OCTETS)
    ) {
      const retrieval = this.#retrievals[this.#next];
      if (retrieval === undefined) break;
      const octets = retrieval.message.octets ?? 0;
      if (this.#sent.length > 0 && (retrieval.alone || this.#octets + octets > PIPELINE_OCTETS)) break;
      if (retrieval.alone) this.#session.lockStep = true;
      const body = this.#session.retr(retrieval.message.number);
      // Whoever awaits it sees the error; until then it must not count as unhandled.
      body.catch(() => undefined);
      this.#sent.push({ retrieval, octets, body });
      this.#octets += octets;
      this.#next += 1;
    }
    if (this.#session.pipelining && this.#next === this.#retrievals.length && this.#next > 0) {
      this.#proof ??= this.#session.noop();
      this.#proof.catch(() => undefined);
    }
  }
}
