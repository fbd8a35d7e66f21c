/** What the two clocks say. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds; never jumps. */
  monotonic(): number;
}

/** Clocks that come apart by more than this between two looks have jumped; less is the usual correction. */
const JUMP_MS = 2000;

interface Entry {
  /** On the monotonic clock. */
  due: number;
}

/**
 * When each of many keys is due, by the clock that never jumps. One timer serves all: `earliest` says how long it may
 * sleep. A jump of the wall clock is told to whoever asks `jumped`; after a sleep of the machine, which looks like a jump
 * forward, `shift` brings everything nearer.
 */
export class Agenda {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Wall clock minus monotonic clock, when last looked at. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** `at` in milliseconds since 1970, by the wall clock as it is now. */
  set(key: string, at: number): void {
    this.#entries.set(key, { due: this.#clock.monotonic() + (at - this.#clock.now()) });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** In milliseconds since 1970, by the wall clock as it is now; undefined for a key that is not there. */
  dueAt(key: string): number | undefined {
    const entry = this.#entries.get(key);
    return entry && Math.round(this.#clock.now() + (entry.due - this.#clock.monotonic()));
  }

  /** Takes out and returns what is due now, the longest overdue first. */
  takeDue(): string[] {
    const now = this.#clock.monotonic();
    const due = [...this.#entries].filter(([, entry]) => entry.due <= now);
    for (const [key] of due) this.#entries.delete(key);
    return due.sort(([, a], [, b]) => a.due - b.due).map(([key]) => key);
  }

  /** Milliseconds until something is due; undefined when nothing ever is. */
  earliest(): number | undefined {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { due } of this.#entries.values()) earliest = Math.min(earliest, due);
    return earliest === Number.POSITIVE_INFINITY
      ? undefined
      : Math.max(0, earliest - this.#clock.monotonic());
  }

  /** By how many milliseconds the wall clock has jumped since the last look, backwards negative; 0 when it has not. */
  jumped(): number {
    const offset = this.#clock.now() - this.#clock.monotonic();
    const jump = offset - this.#offset;
    if (Math.abs(jump) <= JUMP_MS) return 0;
    this.#offset = offset;
    return jump;
  }

  /** Brings everything nearer by so many milliseconds. */
  shift(milliseconds: number): void {
    for (const entry of this.#entries.values()) entry.due -= milliseconds;
  }
}
