import { asMailError } from '../errors.ts';
import type { Notice } from './notice.ts';
import { type SendContext, sendNotice } from './send.ts';
import { type NoticeTarget, targetName } from './targets.ts';

/** How long to wait before a notice is tried again; when all are used up it is given up. */
const RETRY_PAUSES_MS = [10_000, 60_000, 600_000];

/** The end of the daemon must not wait for a place that does not answer. */
const CLOSE_LIMIT_MS = 5000;

/** A place that takes nothing must not fill the memory: the oldest notices for it are given up. */
const MAX_WAITING = 100;

export interface OutboxDeps {
  readonly context: SendContext;
  readonly send?: typeof sendNotice;
  /** Is told of a notice that could not be sent. */
  readonly onTrouble: (message: string, notice: Notice) => void;
  /** Resolves after so many milliseconds, or at once when `signal` comes. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Sends notices, to each place one after the other. What cannot be sent is tried again a few times, and never stops mail. */
export class Outbox {
  #targets: readonly NoticeTarget[];
  readonly #deps: OutboxDeps;
  readonly #waiting = new Map<NoticeTarget, Notice[]>();
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

  add(notice: Notice): void {
    for (const target of this.#targets) {
      const waiting = this.#waiting.get(target) ?? [];
      this.#waiting.set(target, waiting);
      waiting.push(notice);
      const lost = waiting.length > MAX_WAITING ? waiting.shift() : undefined;
      if (lost !== undefined) this.#trouble(target, 'too many wait', lost);
      if (!this.#working.has(target)) this.#working.set(target, this.#work(target, waiting));
    }
  }

  /** Tries once more to send what waits, for a few seconds; the rest is given up. */
  async close(): Promise<void> {
    this.#closed.abort();
    const enough = new AbortController();
    const waited = this.#deps.pause(CLOSE_LIMIT_MS, enough.signal);
    await Promise.race([Promise.all(this.#working.values()), waited]);
    enough.abort();
    for (const [target, waiting] of this.#waiting) {
      for (const notice of waiting.splice(0)) this.#trouble(target, 'the daemon has ended', notice);
    }
  }

  async #work(target: NoticeTarget, waiting: Notice[]): Promise<void> {
    for (let notice = waiting[0]; notice !== undefined; notice = waiting[0]) {
      await this.#sendWithRetries(target, notice);
      const done = waiting.indexOf(notice);
      if (done >= 0) waiting.splice(done, 1);
    }
    this.#working.delete(target);
    this.#waiting.delete(target);
  }

  async #sendWithRetries(target: NoticeTarget, notice: Notice): Promise<void> {
    const { send = sendNotice, context, pause } = this.#deps;
    for (const retryAfter of [...RETRY_PAUSES_MS, undefined]) {
      try {
        return await send(target, notice, context);
      } catch (thrown) {
        const last = retryAfter === undefined || this.#closed.signal.aborted;
        this.#trouble(
          target,
          `${asMailError(thrown).message} ${last ? 'Given up.' : 'It is tried again.'}`,
          notice,
        );
        if (last) return;
        await pause(retryAfter, this.#closed.signal);
      }
    }
  }

  #trouble(target: NoticeTarget, why: string, notice: Notice): void {
    this.#deps.onTrouble(`A notice could not be sent by ${targetName(target)}: ${why}`, notice);
  }
}
