import type { Duplex } from 'node:stream';
import { lineFailed, timedOut, type WireError } from './errors.ts';
import { atEndOfTurn } from './event-loop.ts';
import { MIN_OCTETS_PER_IDLE_PERIOD } from './limits.ts';

interface Waiter {
  readonly resolve: (more: boolean) => void;
  readonly reject: (reason: Error) => void;
}

/** A record of TLS has so many at most (RFC 8446 §5.1). Larger blocks are not copied. */
const SMALL_BLOCK_OCTETS = 16 * 1024;
const GATHERED_OCTETS = 64 * 1024;

/**
 * The receiving half of a connection: what has arrived and was not yet taken. One consumer at a time waits for
 * more, and never for longer than the idle period. The socket is paused while too much lies here (I7).
 */
export class Inbound {
  readonly #socket: Duplex;
  #idleMs: number;
  readonly #bufferOctets: number;
  #blocks: Buffer[] = [];
  #held = 0;
  #taken = 0;
  #failure: WireError | undefined;
  #ended = false;
  #waiter: Waiter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWaking = false;
  #during = 'waiting';
  #waitStart = 0;
  #waitedMs = 0;
  #octets = 0;

  constructor(socket: Duplex, idleMs: number, bufferOctets: number) {
    this.#socket = socket;
    this.#idleMs = idleMs;
    this.#bufferOctets = bufferOctets;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
    // Its last words are said.
    this.#ended = socket.destroyed || socket.readableEnded;
    // Whoever had the socket before may have stopped it, so as to lose nothing.
    if (socket.isPaused()) socket.resume();
  }

  /** Octets that have arrived and were not taken. */
  get held(): number {
    return this.#held;
  }

  /** Octets that were taken since the beginning. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether somebody waits for more. */
  get isAwaited(): boolean {
    return this.#waiter !== undefined;
  }

  /** Changes how long silence is borne, from now on. */
  set idleMs(milliseconds: number) {
    this.#idleMs = milliseconds;
    clearTimeout(this.#timer);
    this.#timer = this.#waiter === undefined ? undefined : setTimeout(this.#onIdle, milliseconds);
  }

  /** Something new was asked for: what the earlier replies took, each of which came in time, counts against nobody. */
  countAnew(): void {
    this.#waitedMs = 0;
    this.#octets = 0;
    this.#waitStart = performance.now();
  }

  /**
   * The next block, or undefined at the end of the stream. `during` completes "… while" in the error. Rejects
   * when the line fails, or when the idle period passes without (enough) octets.
   */
  async next(during: string): Promise<Buffer | undefined> {
    if (this.#blocks.length === 0 && !(await this.#arrival(during))) return undefined;
    return this.take();
  }

  /** As `next`, for what lies here already; undefined when nothing does. */
  take(): Buffer | undefined {
    const block = this.#gathered() ?? this.#blocks.shift();
    if (block === undefined) return undefined;
    this.#held -= block.length;
    this.#taken += block.length;
    if (this.#socket.isPaused() && this.#held < this.#bufferOctets / 2) this.#socket.resume();
    return block;
  }

  /** Gives back the part of a block that belongs to whoever reads next. */
  putBack(block: Buffer): void {
    if (block.length === 0) return;
    this.#blocks.unshift(block);
    this.#held += block.length;
    this.#taken -= block.length;
  }

  /** Whoever waits, now or later, gets this error. The first failure is the one that counts. */
  fail(failure: WireError): void {
    this.#failure ??= failure;
    const waiter = this.#release();
    // What came before the failure is given before it: it may say why.
    if (this.#isWaking) waiter?.resolve(true);
    else waiter?.reject(this.#failure);
  }

  /** Lets go of the socket, for whoever takes it over (the TLS layer). */
  detach(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onError);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The small blocks that come first, as one: TLS gives each record alone, and what is done for a block costs more than a copy. */
  #gathered(): Buffer | undefined {
    let count = 0;
    let octets = 0;
    for (const { length } of this.#blocks) {
      if (length > SMALL_BLOCK_OCTETS || octets + length > GATHERED_OCTETS) break;
      count += 1;
      octets += length;
    }
    return count > 1 ? Buffer.concat(this.#blocks.splice(0, count), octets) : undefined;
  }

  #arrival(during: string): Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#during = during;
      this.#waitStart = performance.now();
      this.#timer ??= setTimeout(this.#onIdle, this.#idleMs);
      this.#timer.refresh();
    });
  }

  #release(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined || this.#failure !== undefined || this.#ended) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return waiter;
  }

  readonly #onData = (block: Buffer): void => {
    this.#blocks.push(block);
    this.#held += block.length;
    if (this.#held >= this.#bufferOctets) this.#socket.pause();
    if (this.#drips(block.length)) this.fail(timedOut(this.#during, this.#idleMs));
    if (this.#waiter === undefined || this.#isWaking) return;
    this.#isWaking = true;
    atEndOfTurn(this.#wake);
  };

  /** At the end of a turn of the event loop, in which more may have come. */
  readonly #wake = (): void => {
    this.#isWaking = false;
    if (this.#blocks.length > 0) this.#release()?.resolve(true);
  };

  /**
   * True when the time spent waiting has brought next to nothing. No wait is longer than the idle period unless this process has
   * stood still; nobody answers for that.
   */
  #drips(octets: number): boolean {
    this.#octets += octets;
    if (this.#waiter === undefined) return false;
    const now = performance.now();
    const waited = now - this.#waitStart;
    this.#waitedMs += waited < this.#idleMs ? waited : 0;
    this.#waitStart = now;
    if (this.#waitedMs < this.#idleMs) return false;
    const drips = this.#octets < MIN_OCTETS_PER_IDLE_PERIOD;
    this.#waitedMs = 0;
    this.#octets = 0;
    return drips;
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#release()?.resolve(this.#blocks.length > 0);
  };

  readonly #onError = (cause: Error): void => {
    this.fail(lineFailed(this.#during, cause));
  };

  /** Where this process has stood still, as on a machine that was suspended, what came meanwhile is taken in first. */
  readonly #onIdle = (): void => {
    this.#timer = undefined;
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    atEndOfTurn(() => {
      if (this.#waiter === waiter && !this.#isWaking) this.fail(timedOut(this.#during, this.#idleMs));
    });
  };
}
