import { type Runtime, systemRuntime } from '../runtime.ts';
import type { Database } from './database.ts';

interface Job {
  readonly act: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** The pause after a commit, in multiples of what it took: so commits take a quarter of the time at most. */
const PAUSE_FACTOR = 3;

/** The longest such pause. */
const MAX_PAUSE_MS = 25;

/** The longest that a write waits for others to follow while nobody waits for it. */
const PATIENCE_MS = 200;

/** How many writes are committed at once even while nobody waits for them. */
const FULL_GROUP = 512;

/**
 * Writes that are asked for at about the same time share one transaction and so one fsync. Each promise resolves
 * after the commit. When one write fails, none of its transaction is kept, and each is tried again alone, so that
 * it fails nobody else.
 */
export class GroupCommit {
  readonly #database: Database;
  readonly #runtime: Pick<Runtime, 'monotonic'>;
  #jobs: Job[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due. */
  #timerAt = Number.POSITIVE_INFINITY;
  #due = false;
  #endedAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  /** Polls under way. While there are several, one may wait for a commit and the others go on; a single one does not wait. */
  polls = 0;

  constructor(database: Database, runtime: Pick<Runtime, 'monotonic'> = systemRuntime) {
    this.#database = database;
    this.#runtime = runtime;
  }

  /**
   * For a write that somebody waits for: commits in this turn of the event loop. While there are several polls, it
   * waits after a commit for a multiple of what that one took, so that a slow disk gets large groups and a fast one
   * small delays.
   */
  run<T>(act: () => T): Promise<T> {
    const done = this.#add(act);
    this.hurry();
    return done;
  }

  /** For a write that others follow and that nobody waits for, until somebody says that it is wanted. */
  runPatiently<T>(act: () => T): Promise<T> {
    const done = this.#add(act);
    if (this.#jobs.length < FULL_GROUP) this.#schedule(PATIENCE_MS);
    else this.hurry();
    return done;
  }

  /** Says that somebody waits for what was asked for so far. */
  hurry(): void {
    if (this.#jobs.length === 0) return;
    const pause = Math.min(MAX_PAUSE_MS, this.#tookMs * PAUSE_FACTOR);
    this.#schedule(this.polls > 1 ? this.#endedAt + pause - this.#runtime.monotonic() : 0);
  }

  #add<T>(act: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#jobs.push({ act, resolve, reject }));
  }

  /** Commits after so many milliseconds, if not sooner. */
  #schedule(wait: number): void {
    const at = this.#runtime.monotonic() + wait;
    if (this.#due || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#commit(), wait);
      this.#timerAt = at;
    } else {
      this.#due = true;
      setImmediate(() => this.#commit());
    }
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#due = false;
    const jobs = this.#jobs;
    if (jobs.length === 0) return;
    this.#jobs = [];
    const begun = this.#runtime.monotonic();
    if (!this.#attempt(jobs) && jobs.length > 1) for (const job of jobs) this.#attempt([job]);
    this.#endedAt = this.#runtime.monotonic();
    this.#tookMs = this.#endedAt - begun;
  }

  #attempt(jobs: readonly Job[]): boolean {
    try {
      const results = this.#database.transaction(() => jobs.map(({ act }) => act()));
      jobs.forEach(({ resolve }, index) => resolve(results[index] as never));
      return true;
    } catch (error) {
      if (jobs.length === 1) jobs[0]?.reject(error);
      return false;
    }
  }
}
