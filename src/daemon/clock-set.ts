import type { Runtime } from '../runtime.ts';

const DAY_MS = 86_400_000;

/** By how much the wall clock was set, and of which times that makes others. In milliseconds (since 1970). */
export interface ClockSet {
  readonly from: number;
  readonly until: number;
  readonly by: number;
}

/**
 * Notices when the wall clock is set by a day or more while this process runs: a machine without a clock of its own starts
 * with the time at which it was switched off, until the network tells it better. The time by the new clock is what counts
 * for how long a message was kept.
 */
export class ClockWatch {
  readonly #runtime: Pick<Runtime, 'now' | 'sinceBoot'>;
  #began: number;
  #bootedAt: number;

  constructor(runtime: Pick<Runtime, 'now' | 'sinceBoot'>) {
    this.#runtime = runtime;
    this.#began = runtime.now();
    this.#bootedAt = this.#began - runtime.sinceBoot();
  }

  /** Undefined where it was not set since the last call, or by less. To have slept is not to have been set. */
  look(): ClockSet | undefined {
    const now = this.#runtime.now();
    const by = now - this.#runtime.sinceBoot() - this.#bootedAt;
    if (Math.abs(by) < DAY_MS) return undefined;
    const set = { from: this.#began, until: now - by, by };
    this.#bootedAt += by;
    this.#began += by;
    return set;
  }
}
