import type { Runtime } from '../runtime.ts';

/** Where the time of a poll went, in milliseconds, over all its sessions. */
export interface PollTimings {
  /** Password, DNS, TCP, TLS and greeting. */
  readonly connectMs: number;
  /** CAPA and login, and TLS where it is begun by command. */
  readonly loginMs: number;
  /** STAT, LIST and UIDL, and telling what is new. */
  readonly listingMs: number;
  /** From the first RETR to the end of the last message. */
  readonly retrieveMs: number;
  /** What durable delivery and record took longer than that. */
  readonly settleMs: number;
  /** DELE and QUIT. */
  readonly deleteMs: number;
}

type Phase = keyof PollTimings;

/** The timings of a poll that never began. */
export const NO_TIMINGS: PollTimings = {
  connectMs: 0,
  loginMs: 0,
  listingMs: 0,
  retrieveMs: 0,
  settleMs: 0,
  deleteMs: 0,
};

/** Adds up how long the phases of a poll take; one follows the other. */
export class Stopwatch {
  readonly #runtime: Pick<Runtime, 'monotonic'>;
  readonly #spent: Record<Phase, number> = { ...NO_TIMINGS };
  #phase: Phase | undefined;
  #since = 0;

  constructor(runtime: Pick<Runtime, 'monotonic'>) {
    this.#runtime = runtime;
  }

  /** From now on time counts for this phase; for none where it is undefined. */
  enter(phase: Phase | undefined): void {
    const now = this.#runtime.monotonic();
    if (this.#phase !== undefined) this.#spent[this.#phase] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }

  /** In whole milliseconds; the phase that is under way counts up to the last change. */
  timings(): PollTimings {
    const rounded = Object.entries(this.#spent).map(([phase, spent]) => [phase, Math.round(spent)]);
    return Object.fromEntries(rounded) as Record<Phase, number>;
  }
}
