import type { Database } from './database.ts';

interface Job {
  readonly act: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Writes that were asked for in the same turn of the event loop share one transaction and so one fsync. Each
 * promise resolves after the commit. When one write fails, none of its transaction is kept, and each is tried
 * again alone, so that it fails nobody else.
 */
export class GroupCommit {
  readonly #database: Database;
  #jobs: Job[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  run<T>(act: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#jobs.length === 0) setImmediate(() => this.#commit());
      this.#jobs.push({ act, resolve, reject });
    });
  }

  #commit(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (!this.#attempt(jobs) && jobs.length > 1) for (const job of jobs) this.#attempt([job]);
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
