import { asMailError } from '../errors.ts';
import type { Notice } from './notice.ts';
import { type SendContext, sendNotice } from './send.ts';
import { type NoticeTarget, targetName } from './targets.ts';

const HOUR_MS = 3_600_000;

/** How long to wait before a notice is tried again: for a day in all. When all are used up it is given up. */
const RETRY_PAUSES_MS = [10_000, 60_000, 600_000, ...Array<number>(23).fill(HOUR_MS)];

/** The end of the daemon must not wait for a place that does not answer. */
const CLOSE_LIMIT_MS = 5000;

/** A place that takes nothing must not fill the memory: the oldest notices for it are given up. */
const MAX_WAITING = 100;

/** A notice on its way. */
export interface UnsentNotice {
  readonly notice: Notice;
  /** The names of the places that have not taken it yet, such as `webhook 1`; undefined: all that there are. */
  readonly places: readonly string[] | undefined;
  /** Is told, whenever a place has taken it or it was given up there, which places are left. */
  readonly left: (places: readonly string[]) => void;
}

export interface OutboxDeps {
  readonly context: SendContext;
  readonly send?: typeof sendNotice;
  /** Is told of a notice that could not be sent. */
  readonly onTrouble: (message: string, notice: Notice) => void;
  /** Resolves after so many milliseconds, or at once when `signal` comes. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const LATER = 'It is tried again at the next start.';

interface Waiting {
  readonly notice: Notice;
  readonly settled: () => void;
}

/**
 * Sends notices, to each place one after the other. What cannot be sent is tried again for a day, also by a later process
 * where the caller has kept what is left, and never stops mail.
 */
export class Outbox {
  #targets: readonly NoticeTarget[];
  readonly #deps: OutboxDeps;
  readonly #waiting = new Map<NoticeTarget, Waiting[]>();
  readonly #working = new Map<NoticeTarget, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(targets: readonly NoticeTarget[], deps: OutboxDeps) {
    this.#targets = targets;
    this.#deps = deps;
  }

  /** Other places from now on; what waits for the old ones still goes there. */
  set targets(targets: readonly NoticeTarget[]) {
    this.#targets = targets;
  }

  add({ notice, places, left }: UnsentNotice): void {
    const names = placeNames(this.#targets);
    const open = new Set(names.filter((name) => places?.includes(name) ?? true));
    if (open.size === 0) left([]);
    for (const [index, target] of this.#targets.entries()) {
      const name = names[index] ?? '';
      if (!open.has(name)) continue;
      const settled = (): void => {
        open.delete(name);
        left([...open]);
      };
      this.#enqueue(target, { notice, settled });
    }
  }

  /** Tries once more to send what waits, for a few seconds; the rest is left to the next process. */
  async close(): Promise<void> {
    this.#closed.abort();
    const enough = new AbortController();
    const waited = this.#deps.pause(CLOSE_LIMIT_MS, enough.signal);
    await Promise.race([Promise.all(this.#working.values()), waited]);
    enough.abort();
    for (const [target, waiting] of this.#waiting) {
      for (const { notice } of waiting.splice(0)) this.#trouble(target, `the daemon ends. ${LATER}`, notice);
    }
  }

  #enqueue(target: NoticeTarget, one: Waiting): void {
    const waiting = this.#waiting.get(target) ?? [];
    this.#waiting.set(target, waiting);
    waiting.push(one);
    const lost = waiting.length > MAX_WAITING ? waiting.shift() : undefined;
    if (lost !== undefined) {
      this.#trouble(target, 'too many wait. Given up.', lost.notice);
      lost.settled();
    }
    if (!this.#working.has(target)) this.#working.set(target, this.#work(target, waiting));
  }

  async #work(target: NoticeTarget, waiting: Waiting[]): Promise<void> {
    for (let one = waiting[0]; one !== undefined; one = waiting[0]) {
      const kept = !(await this.#sendWithRetries(target, one.notice));
      const at = waiting.indexOf(one);
      if (at < 0) continue;
      waiting.splice(at, 1);
      if (!kept) one.settled();
    }
    this.#working.delete(target);
    this.#waiting.delete(target);
  }

  /** Whether it is done with: taken, or given up. Not so when the end of the daemon cut the tries short. */
  async #sendWithRetries(target: NoticeTarget, notice: Notice): Promise<boolean> {
    const { send = sendNotice, context, pause } = this.#deps;
    for (const retryAfter of [...RETRY_PAUSES_MS, undefined]) {
      try {
        await send(target, notice, context);
        return true;
      } catch (thrown) {
        const ending = this.#closed.signal.aborted;
        const next = ending ? LATER : retryAfter === undefined ? 'Given up.' : 'It is tried again.';
        this.#trouble(target, `${asMailError(thrown).message} ${next}`, notice);
        if (ending) return false;
        if (retryAfter === undefined) return true;
        await pause(retryAfter, this.#closed.signal);
      }
    }
    return true;
  }

  #trouble(target: NoticeTarget, why: string, notice: Notice): void {
    this.#deps.onTrouble(`A notice could not be sent by ${targetName(target)}: ${why}`, notice);
  }
}

/** A name for each place that may be stored, since it holds no URL (I5): what it is, and the how manieth of its kind. */
function placeNames(targets: readonly NoticeTarget[]): readonly string[] {
  return targets.map((target, index) => {
    const before = targets.slice(0, index).filter(({ type }) => type === target.type).length;
    return `${target.type} ${before + 1}`;
  });
}
