import type { MessageNumber } from '../../pop3/types.ts';
import { isListedSize } from '../listed-size.ts';
import type { ListedMessage } from '../listing.ts';
import { discardAll, type Received, ReplyInDoubt } from './receive.ts';

/** What has come for a message number. */
interface Came {
  /** Whether it has the size that is listed, line end or not. */
  readonly isOwnSize: boolean;
  readonly sha256: string | undefined;
}

/**
 * A server that mixes up its replies where commands are pipelined gives one message for another. Only sizes tell: one that comes
 * with the size of another is held until that has come, too. An honest server gives that one with its own size, and as another
 * message; of one that has swapped, left out or repeated a reply that does not hold.
 */
export class MixedReplies {
  readonly #came = new Map<MessageNumber, Came>();
  readonly #held = new Map<Received, Set<MessageNumber>>();

  /**
   * Takes a message that has come, and those of the other messages under way, or shortly before, that are listed with the size
   * that it has, where that is not its own. Gives those held that are cleared by it. Raises `ReplyInDoubt` for the one that may
   * be another message.
   */
  take(received: Received, ofThatSize: readonly ListedMessage[]): readonly Received[] {
    const { octets, sha256, retrieval } = received;
    const { number, octets: listed } = retrieval.message;
    const waiting = new Set<MessageNumber>();
    for (const another of ofThatSize) {
      const came = this.#came.get(another.number);
      if (came === undefined) waiting.add(another.number);
      else if (!came.isOwnSize || came.sha256 === sha256) throw new ReplyInDoubt(retrieval);
    }
    const cleared = this.#note(number, { isOwnSize: isListedSize(listed, octets), sha256 });
    if (waiting.size > 0) this.#held.set(received, waiting);
    return cleared;
  }

  /** The server does not give this one: what came with its size may be it. */
  noteRefused(number: MessageNumber): void {
    this.#note(number, { isOwnSize: false, sha256: undefined });
  }

  isHeld(received: Received): boolean {
    return this.#held.has(received);
  }

  /** The first of those that are held still. */
  get held(): Received | undefined {
    return this.#held.keys().next().value;
  }

  /** Gives up what is held. */
  async discard(): Promise<void> {
    for (const { drafts } of this.#held.keys()) await discardAll(drafts);
    this.#held.clear();
  }

  #note(number: MessageNumber, came: Came): readonly Received[] {
    this.#came.set(number, came);
    const cleared: Received[] = [];
    for (const [received, waiting] of this.#held) {
      if (!waiting.delete(number)) continue;
      if (!came.isOwnSize || came.sha256 === received.sha256) throw new ReplyInDoubt(received.retrieval);
      if (waiting.size === 0) cleared.push(received);
    }
    for (const one of cleared) this.#held.delete(one);
    return cleared;
  }
}
