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

/** What one place has not taken yet, and what ends the pause before the next try. */
interface Queue {
  readonly waiting: Waiting[];
  hurry: AbortController;
}

/**
 * Sends notices, to each place one after the other. What cannot be sent is tried again for a day, also by a later process
 * where the caller has kept what is left, and never stops mail.
 */
export class Outbox {
  /** By name. */
  #targets: ReadonlyMap<string, NoticeTarget>;
  readonly #deps: OutboxDeps;
  /** By the name of their place: what that is may change while something waits for it. */
  readonly #queues = new Map<string, Queue>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(targets: readonly NoticeTarget[], deps: OutboxDeps) {
    this.#targets = named(targets);
    this.#deps = deps;
  }

  /** Other places from now on, also for what waits: it is tried at once, where the place of that name is now. */
  set targets(targets: readonly NoticeTarget[]) {
    const before = this.#targets;
    this.#targets = named(targets);
    for (const [name, queue] of this.#queues) {
      const old = before.get(name);
      if (old !== undefined && !this.#targets.has(name)) {
        for (const { notice, settled } of queue.waiting.splice(0)) {
          this.#trouble(old, 'the configuration names it no longer. Given up.', notice);
          settled();
        }
      }
      queue.hurry.abort();
      queue.hurry = new AbortController();
    }
  }

  add({ notice, places, left }: UnsentNotice): void {
    const open = new Set([...this.#targets.keys()].filter((name) => places?.includes(name) ?? true));
    if (open.size === 0) left([]);
    for (const name of open) {
      const settled = (): void => {
        open.delete(name);
        left([...open]);
      };
      this.#enqueue(name, { notice, settled });
    }
  }

  /** Tries once more to send what waits, for a few seconds; the rest is left to the next process. */
  async close(): Promise<void> {
    this.#closed.abort();
    const enough = new AbortController();
    const waited = this.#deps.pause(CLOSE_LIMIT_MS, enough.signal);
    await Promise.race([Promise.all(this.#working.values()), waited]);
    enough.abort();
    for (const [name, { waiting }] of this.#queues) {
      const target = this.#targets.get(name);
      if (target === undefined) continue;
      for (const { notice } of waiting.splice(0)) this.#trouble(target, `the daemon ends. ${LATER}`, notice);
    }
  }

  #enqueue(name: string, one: Waiting): void {
    const queue = this.#queues.get(name) ?? { waiting: [], hurry: new AbortController() };
    const { waiting } = queue;
    this.#queues.set(name, queue);
    waiting.push(one);
    const lost = waiting.length > MAX_WAITING ? waiting.shift() : undefined;
    const target = this.#targets.get(name);
    if (lost !== undefined && target !== undefined) {
      this.#trouble(target, 'too many wait. Given up.', lost.notice);
      lost.settled();
    }
    if (!this.#working.has(name)) this.#working.set(name, this.#work(name, queue));
  }

  async #work(name: string, queue: Queue): Promise<void> {
    const { waiting } = queue;
    for (let one = waiting[0]; one !== undefined; one = waiting[0]) {
      const kept = !(await this.#sendWithRetries(name, one.notice, queue));
      const at = waiting.indexOf(one);
      if (at < 0) continue;
      waiting.splice(at, 1);
      if (!kept) one.settled();
    }
    this.#working.delete(name);
    this.#queues.delete(name);
  }

  /** Whether it is done with: taken, or given up. Not so when the end of the daemon cut the tries short. */
  async #sendWithRetries(name: string, notice: Notice, queue: Queue): Promise<boolean> {
    const { send = sendNotice, context, pause } = this.#deps;
    let tries = 0;
    for (let target = this.#targets.get(name); target !== undefined; target = this.#targets.get(name)) {
      const hurry = queue.hurry.signal;
      try {
        await send(target, notice, context);
        return true;
      } catch (thrown) {
        const ending = this.#closed.signal.aborted;
        const retryAfter = RETRY_PAUSES_MS[tries];
        const next = ending ? LATER : retryAfter === undefined ? 'Given up.' : 'It is tried again.';
        this.#trouble(target, `${asMailError(thrown).message} ${next}`, notice);
        if (ending) return false;
        if (retryAfter === undefined) return true;
        await pause(retryAfter, AbortSignal.any([this.#closed.signal, hurry]));
        tries = hurry.aborted ? 0 : tries + 1;
      }
    }
    return true;
  }

  #trouble(target: NoticeTarget, why: string, notice: Notice): void {
    this.#deps.onTrouble(`A notice could not be sent by ${targetName(target)}: ${why}`, notice);
  }
}

/**
 * Each place by a name that may be stored, since it holds no URL (I5): what it is, and the how manieth of its kind, such
 * as `webhook 1`.
 */
function named(targets: readonly NoticeTarget[]): ReadonlyMap<string, NoticeTarget> {
  return new Map(
    targets.map((target, index) => {
      const before = targets.slice(0, index).filter(({ type }) => type === target.type).length;
      return [`${target.type} ${before + 1}`, target];
    }),
  );
}
