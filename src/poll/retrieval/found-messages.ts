import type { Receipt } from '../../delivery/destination.ts';
import type { FoundMessage } from '../../ledger/record.ts';
import type { Received } from './receive.ts';

/** What was found in the destinations without a record; whatever a message of this session proves to be is given away. */
export class FoundMessages {
  readonly #found: Set<FoundMessage>;

  constructor(found: readonly FoundMessage[]) {
    this.#found = new Set(found);
  }

  /** Whether there is anything that a message may be. */
  get some(): boolean {
    return this.#found.size > 0;
  }

  /**
   * What each destination has of a message, by its content; each is given away once. `left`: what is known already to be
   * this message; `had`: the destinations that have it already, where another copy is of an equal message.
   */
  take(
    { sha256, lfSha256 }: Pick<Received, 'sha256' | 'lfSha256'>,
    left: readonly Receipt[],
    had: readonly string[],
  ): readonly Receipt[] {
    const receipts: Receipt[] = [];
    for (const found of this.#found) {
      const { destination, location } = found.receipt;
      // A kill left it, and its tag has told so: no other message may stand for it.
      if (left.some((receipt) => receipt.destination === destination && receipt.location === location)) {
        this.#found.delete(found);
        continue;
      }
      const places = [...had, ...[...left, ...receipts].map((receipt) => receipt.destination)];
      const isHad = places.includes(destination);
      const isSame =
        found.received.sha256 === sha256 || (lfSha256 !== undefined && found.received.lfSha256 === lfSha256);
      if (!isSame || isHad) continue;
      this.#found.delete(found);
      receipts.push(found.receipt);
    }
    return receipts;
  }
}
