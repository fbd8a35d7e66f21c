import type { MessageNumber, UniqueId } from '../pop3/types.ts';
import { MOST_LOST_SESSIONS } from './limits.ts';
import type { ListedMessage } from './listing.ts';

/**
 * The messages that have cost sessions of one poll: they had no end, may have run on into the reply behind them, or ended
 * the session at their DELE.
 */
export class FramingTrouble {
  readonly #passedOver = new Set<UniqueId | MessageNumber>();
  readonly #runOn = new Set<UniqueId | MessageNumber>();
  readonly #undeletable = new Set<UniqueId | MessageNumber>();
  /** Whether a header may have run on into the reply behind it, so that headers are asked for one by one. */
  headersAlone = false;
  /** How many sessions were lost by headers. */
  unreadableHeaders = 0;

  /** How much is known to be wrong. */
  get size(): number {
    const messages = this.#passedOver.size + this.#runOn.size + this.#undeletable.size;
    return messages + this.unreadableHeaders + Number(this.headersAlone);
  }

  /** How many messages are left alone. */
  get passedOver(): number {
    return this.#passedOver.size;
  }

  /** How many messages are not marked as deleted. */
  get undeletable(): number {
    return this.#undeletable.size;
  }

  /** Has a message whose DELE ended the session not marked as deleted in the rest of this poll. */
  noteUndeletable(message: ListedMessage): void {
    this.#undeletable.add(keyOf(message));
  }

  isUndeletable(message: ListedMessage): boolean {
    return this.#undeletable.has(keyOf(message));
  }

  /** Leaves a message that ended the session alone for the rest of this poll. */
  passOver(message: ListedMessage): void {
    this.#passedOver.add(keyOf(message));
  }

  isPassedOver(message: ListedMessage): boolean {
    return this.#passedOver.has(keyOf(message));
  }

  /** Has a message that may run on asked for again when nothing else is under way, so that nothing but its own end can end it. */
  noteRunOn(message: ListedMessage): void {
    this.#runOn.add(keyOf(message));
  }

  mustBeAlone(message: ListedMessage): boolean {
    return this.#runOn.size >= MOST_LOST_SESSIONS || this.#runOn.has(keyOf(message));
  }
}

/** Numbers change from session to session when something is deleted; unique-ids do not. */
function keyOf({ uid, number, twin }: ListedMessage): UniqueId | MessageNumber {
  return uid === undefined || twin ? number : uid;
}
