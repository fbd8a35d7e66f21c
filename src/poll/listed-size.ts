import type { Octets } from '../pop3/types.ts';
import { MESSAGE_SIZE_FACTOR, MESSAGE_SIZE_SLACK_OCTETS } from '../wire/limits.ts';
import { SHORT_OCTETS, SHORT_PART, UNLISTED_MESSAGE_OCTETS } from './limits.ts';

/** The size of a message by LIST, and how many octets came. */
export interface Sizes {
  readonly listed: Octets;
  readonly octets: Octets;
}

/** How many octets may come of a message that is listed with so many. Some servers list each with none. */
export function mostOctets(listed: Octets | undefined): Octets {
  if (listed === undefined || listed === 0) return UNLISTED_MESSAGE_OCTETS;
  return listed * MESSAGE_SIZE_FACTOR + MESSAGE_SIZE_SLACK_OCTETS;
}

/** How many octets at the end of a message some servers count and others do not. */
export const LINE_END_OCTETS = 2;

/** Whether so many octets are what the server has listed, where it lists a size at all. */
export function isListedSize(listed: Octets | undefined, octets: Octets): boolean {
  return listed === undefined || listed === octets || listed === octets + LINE_END_OCTETS;
}

/** A server counts as exact when it listed at least this many sizes exactly for each that was wrong. */
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

  /** Whether sizes are listed exactly, or nothing says that they are not. */
  get areExact(): boolean {
    return this.#wrong === 0 || this.#exact >= EXACT_SHARE * this.#wrong;
  }

  /** Whether messages have shown that sizes are listed exactly. */
  get areKnownExact(): boolean {
    return this.#exact > 0 && this.areExact;
  }

  /** Whether so much is missing that the message may have been cut on its way. */
  isShort({ listed, octets }: Sizes): boolean {
    const missing = listed - octets;
    // Dovecot lists two octets too many where a message has no line end of its own, and is exact otherwise.
    if (missing <= LINE_END_OCTETS) return false;
    if (this.areKnownExact) return true;
    const usual =
      missing <= Math.min(this.#mostMissing, SIZE_OF_FIELDS) || missing / listed <= this.#largestPart;
    return !usual && missing > Math.max(SHORT_OCTETS, listed * SHORT_PART);
  }
}

/** How many octets of its own fields a server may count and not send. */
const SIZE_OF_FIELDS = 64;

/** The sizes of a message that was carried, and whether it was deleted on the server, as it is when somebody wants it. */
export interface PastSizes extends Sizes {
  readonly deleted: boolean;
}

/** From this many messages on that lack as little, or are listed larger by the same factor, it is a habit of the server. */
const HABIT = 3;

/**
 * Whether the server may still have something of a message that is not here, so that it must not be deleted there. A message
 * that came shorter than listed counts as whole only if that is how the server counts: if little is missing, when several
 * came so; if more, when all sizes are too large by one factor, or when a message that lacked as large a part was deleted
 * before because somebody said so.
 */
export function mayLackSomething(sizes: Sizes, past: readonly PastSizes[]): boolean {
  if (isWhole(sizes) || areByOneFactor([...past, sizes])) return false;
  const lacking = past.filter((it) => !isWhole(it) && (it.deleted || isLittle(it)));
  const exact = past.filter((it) => isWhole(it) && it.octets <= it.listed).length;
  if (exact >= EXACT_SHARE * lacking.length) return true;
  if (isLittle(sizes)) return lacking.length < HABIT;
  return !lacking.some((it) => it.deleted && partOf(it) >= partOf(sizes));
}

/** Whether nothing is missing but what Dovecot counts and does not send. */
function isWhole(sizes: Sizes): boolean {
  return missingOf(sizes) <= LINE_END_OCTETS;
}

/** Whether all are listed larger by the same factor. Not where all have one length: they may have been cut at it. */
function areByOneFactor(all: readonly Sizes[]): boolean {
  const largest = all.reduce((most, it) => (it.octets > most.octets ? it : most));
  const factor = largest.listed / largest.octets;
  const isBoth = all.length > HABIT && all.some(({ octets }) => octets !== largest.octets);
  return isBoth && all.every(({ listed, octets }) => Math.abs(listed - octets * factor) <= 1);
}

function isLittle(sizes: Sizes): boolean {
  return missingOf(sizes) <= Math.max(SHORT_OCTETS, sizes.listed * SHORT_PART);
}

function missingOf({ listed, octets }: Sizes): Octets {
  return listed - octets;
}

function partOf(sizes: Sizes): number {
  return missingOf(sizes) / sizes.listed;
}
