import { fsync } from 'node:fs';

/** A group of so many does not wait for the one before it: on a slow disk the threads would have nothing to do. */
const FULL_GROUP = 32;

/** A file that waits for its fsync, and whoever waits for that. */
interface Waiting {
  readonly file: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The fsyncs of files in one folder, begun in groups: the first one at once, and all that are asked for meanwhile when that has
 * ended. A file system writes its journal once for those that come at the same time, and for each one that comes alone.
 */
export class GroupedFsync {
  #waiting: Waiting[] = [];
  #underWay = 0;

  /** By the number of an open file; in a thread. Resolves when its data survives loss of power. */
  sync(file: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, resolve, reject });
      if (this.#underWay === 0 || this.#waiting.length >= FULL_GROUP) this.#begin();
    });
  }

  #begin(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#underWay += group.length;
    for (const { file, resolve, reject } of group) {
      fsync(file, (error) => {
        if (error === null) resolve();
        else reject(error);
        this.#underWay -= 1;
        if (this.#underWay === 0 && this.#waiting.length > 0) this.#begin();
      });
    }
  }
}
