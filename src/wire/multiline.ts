import { Unstuffer } from './byte-stuffing.ts';

/** Where the blocks of a response come from, and who is told how it ended. */
export interface MultilineSource {
  /** The next block, at once where one lies here. Raises, or rejects with, what the line suffers. */
  readonly next: () => Buffer | Promise<Buffer>;
  /** Called once: with what follows the response, or undefined where that was not read to its end. */
  readonly onEnd: (rest: Buffer | undefined) => void;
}

type Result = IteratorResult<Buffer, undefined>;

const DONE: Result = { value: undefined, done: true };

/**
 * The content of one multi-line response (RFC 1939 §3), unstuffed, in blocks as they arrive. What an async generator would do,
 * without its three turns of the microtask queue for each block.
 */
export class Multiline implements AsyncIterableIterator<Buffer, undefined, undefined> {
  readonly #source: MultilineSource;
  readonly #unstuffer = new Unstuffer();
  #isOver = false;
  /** The last call that waits for a block, or for the calls before it. */
  #last: Promise<Result> | undefined;

  constructor(source: MultilineSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#last !== undefined) return this.#queue(this.#last.then(this.#later, this.#later));
    try {
      const result = this.#take();
      return result instanceof Promise ? this.#queue(result) : Promise.resolve(result);
    } catch (error) {
      this.#finish();
      return Promise.reject(error);
    }
  }

  /** For a consumer that stops early. */
  return(): Promise<Result> {
    const finish = (): Result => this.#finish();
    return this.#last === undefined ? Promise.resolve(finish()) : this.#last.then(finish, finish);
  }

  readonly #later = (): Result | Promise<Result> => this.#take();

  #take(): Result | Promise<Result> {
    for (;;) {
      if (this.#isOver || this.#unstuffer.ended) return this.#finish();
      const block = this.#source.next();
      if (block instanceof Promise) return block.then((arrived) => this.#push(arrived) ?? this.#take());
      const result = this.#push(block);
      if (result !== undefined) return result;
    }
  }

  #push(block: Buffer): Result | undefined {
    const octets = this.#unstuffer.push(block);
    return octets.length > 0 ? { value: octets, done: false } : undefined;
  }

  /** Who asks for the next block before the last one has come gets it after that. */
  #queue(result: Promise<Result>): Promise<Result> {
    const last = result
      .catch((error: unknown) => {
        this.#finish();
        throw error;
      })
      .finally(() => {
        if (this.#last === last) this.#last = undefined;
      });
    this.#last = last;
    return last;
  }

  #finish(): Result {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#source.onEnd(this.#unstuffer.ended ? this.#unstuffer.rest : undefined);
    }
    return DONE;
  }
}
