import { type Runtime, systemRuntime } from '../runtime.ts';
import type { Database } from './database.ts';

interface Job {
  readonly act: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** Between two commits of writes that can wait pass so many times what a commit takes: a quarter of the time at most. */
const PAUSE_FACTOR = 3;

/** But never more than this, in milliseconds. */
const MAX_PAUSE_MS = 25;

/** A write that others follow closely waits for them no longer once there are so many. */
const FULL_GROUP = 128;

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
  #due = false;
  #endedAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  /** Polls under way; while there are several, the others go on when one of them waits. */
  polls = 0;

  constructor(database: Database, runtime: Pick<Runtime, 'monotonic'> = systemRuntime) {
    this.#database = database;
    this.#runtime = runtime;
  }

  /** Commits in this turn of the event loop; several polls at a time are `patient` with each other. */
  run<T>(act: () => T): Promise<T> {
    return this.#add(act, this.polls > 1);
  }

  /**
   * For a write that others follow while it waits. After a commit it waits for them for a multiple of what that one
   * took, so that a slow disk gets large groups and a fast one small delays. It waits for nothing otherwise.
   */
  runPatiently<T>(act: () => T): Promise<T> {
    return this.#add(act, true);
  }

  #add<T>(act: () => T, patient: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ act, resolve, reject });
      this.#schedule(patient && this.#jobs.length < FULL_GROUP);
    });
  }

  #schedule(patient: boolean): void {
    if (this.#due) return;
    const pause = Math.min(MAX_PAUSE_MS, this.#tookMs * PAUSE_FACTOR);
    const wait = patient ? this.#endedAt + pause - this.#runtime.monotonic() : 0;
    if (wait > 0) {
      this.#timer ??= setTimeout(() => this.#commit(), wait);
      return;
    }
    this.#due = true;
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
