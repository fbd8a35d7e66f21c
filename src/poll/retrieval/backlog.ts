import type { AccountLedger } from '../../ledger/ledger.ts';
import { CONCURRENT_DELIVERIES, CONCURRENT_OCTETS, HELD_OCTETS, UNRECORDED_MESSAGES } from '../limits.ts';
import type { Received } from './receive.ts';

/** A message that has arrived; its drafts, which may hold all of it in memory, are let go of once it is durable. */
export type Arrived = Omit<Received, 'drafts'> & { drafts: Received['drafts'] };

/**
 * The messages that have arrived and are not recorded yet: each is made durable first, and then waits for the commit that
 * records it. Bounds how many there are of both, and their octets in memory (I7).
 */
export class Backlog {
  readonly #ledger: Pick<AccountLedger, 'hurry'>;
  /** Those that are being made durable, and how many of their octets are in memory. */
  readonly #underWay = new Set<Arrived>();
  #octets = 0;
  readonly #unrecorded = new Set<Arrived>();
  /** Whoever waits until one of them is a step further; there is never more than one. */
  #onProgress: (() => void) | undefined;

  constructor(ledger: Pick<AccountLedger, 'hurry'>) {
    this.#ledger = ledger;
  }

  /** Takes another message, as soon as there is room for it. */
  async add(message: Arrived): Promise<void> {
    while (this.#isFull) await this.#progress();
    this.#underWay.add(message);
    this.#octets += heldOctets(message);
  }

  /** Makes room for another message: all that this one waits for is a commit. */
  noteDurable(message: Arrived): void {
    if (!this.#underWay.delete(message)) return;
    this.#octets -= heldOctets(message);
    message.drafts = [];
    this.#unrecorded.add(message);
    this.#onProgress?.();
  }

  /** Lets go of a message that is recorded, or came to nothing. */
  end(message: Arrived): void {
    this.noteDurable(message);
    this.#unrecorded.delete(message);
    this.#onProgress?.();
  }

  /** Resolves when there is none left. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0 || this.#unrecorded.size > 0) {
      // Now somebody waits for the last of them.
      if (this.#underWay.size === 0) this.#ledger.hurry();
      await this.#progress();
    }
  }

  get #isFull(): boolean {
    if (this.#unrecorded.size >= UNRECORDED_MESSAGES) return true;
    return this.#underWay.size >= CONCURRENT_DELIVERIES || this.#octets >= CONCURRENT_OCTETS;
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => (this.#onProgress = resolve));
  }
}

/** How many octets of a message are in memory until it is durable, at most. */
function heldOctets({ octets }: Pick<Received, 'octets'>): number {
  return Math.min(octets, HELD_OCTETS);
}
