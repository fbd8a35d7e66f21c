import type { Octets } from '../pop3/types.ts';
import { SHORT_OCTETS, SHORT_PART } from './limits.ts';

/** The size of a message by LIST, and what there was of it. */
export interface Sizes {
  readonly listed: Octets;
  readonly octets: Octets;
}

const LINE_END_OCTETS = 2;

/** So many exact sizes to each wrong one make those of a server exact. */
const EXACT_SHARE = 4;

/**
 * What experience says of the sizes that a server lists. Some servers list every size exactly, some only about; some
 * give less of a message than there is, and end it well all the same (Exchange, 2005 to now).
 */
export class SizeExperience {
  #exact = 0;
  #wrong = 0;
  #mostMissing = 0;
  #largestPart = 0;

  constructor(past: readonly Sizes[]) {
    for (const sizes of past) this.note(sizes);
  }

  /** Takes the sizes of a message that counts as whole. */
  note({ listed, octets }: Sizes): void {
    if (listed === octets) this.#exact += 1;
    else this.#wrong += 1;
    if (octets >= listed) return;
    this.#mostMissing = Math.max(this.#mostMissing, listed - octets);
    this.#largestPart = Math.max(this.#largestPart, (listed - octets) / listed);
  }

  /** Whether so much is missing that the message may have been cut on its way. */
  isShort({ listed, octets }: Sizes): boolean {
    const missing = listed - octets;
    // Dovecot lists two octets too many where a message has no line end of its own, and is exact otherwise.
    if (missing <= LINE_END_OCTETS) return false;
    if (this.#exact > 0 && this.#exact >= EXACT_SHARE * this.#wrong) return true;
    const usual =
      missing <= Math.min(this.#mostMissing, SIZE_OF_FIELDS) || missing / listed <= this.#largestPart;
    return !usual && missing > Math.max(SHORT_OCTETS, listed * SHORT_PART);
  }
}

/** What a server may count that it does not send, as fields of its own. */
const SIZE_OF_FIELDS = 64;
