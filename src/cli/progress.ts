import type { PollObserver } from '../poll/observer.ts';
import type { Runtime } from '../runtime.ts';
import type { Terminal } from './terminal.ts';
import { countText, durationText, octetsText } from './wording.ts';

const REDRAW_MS = 100;
const BAR_CELLS = 24;

interface Amount {
  readonly messages: number;
  readonly octets: number;
}

/** How far all accounts together are, on one line that is drawn again; nothing where nobody watches. */
export class Progress implements PollObserver {
  readonly #terminal: Terminal;
  readonly #runtime: Runtime;
  /** By account: what is done, and what it will be in the end. */
  readonly #done = new Map<string, Amount>();
  readonly #plans = new Map<string, Amount>();
  #begun: number | undefined;
  #drawnAt = 0;
  #drawn = false;

  constructor(terminal: Terminal, runtime: Runtime) {
    this.#terminal = terminal;
    this.#runtime = runtime;
  }

  /** A large maildrop is planned anew for each session, with what is left of it. */
  planned(account: string, messages: number, octets: number): void {
    if (messages === 0) return;
    this.#plans.set(account, sum([this.#doneOf(account), { messages, octets }]));
    this.#begun ??= this.#runtime.monotonic();
    this.#draw();
  }

  received(account: string, octets: number): void {
    this.#done.set(account, sum([this.#doneOf(account), { messages: 0, octets }]));
    this.#draw();
  }

  carried(account: string): void {
    this.#done.set(account, sum([this.#doneOf(account), { messages: 1, octets: 0 }]));
    this.#draw();
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (!this.#drawn) return;
    this.#terminal.draw('\r\u001b[2K');
    this.#drawn = false;
    this.#drawnAt = 0;
  }

  #doneOf(account: string): Amount {
    return this.#done.get(account) ?? { messages: 0, octets: 0 };
  }

  #draw(): void {
    const now = this.#runtime.monotonic();
    if (!this.#terminal.interactive || this.#begun === undefined || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const { messages: carried, octets: received } = sum(this.#done.values());
    const line = progressLine({
      ...sum(this.#plans.values()),
      carried,
      received,
      elapsedMs: now - this.#begun,
    });
    this.#terminal.draw(`\r\u001b[2K${line.slice(0, this.#terminal.columns - 1)}`);
  }
}

export interface ProgressState {
  /** What was planned in all. */
  readonly messages: number;
  readonly octets: number;
  /** What is done of it. */
  readonly carried: number;
  readonly received: number;
  readonly elapsedMs: number;
}

/** `█████░░░ 40%  120/300 messages  4.1 MB  2.0 MB/s  0:12 left`. */
export function progressLine({ messages, octets, carried, received, elapsedMs }: ProgressState): string {
  const done = octets > 0 ? Math.min(1, received / octets) : Math.min(1, carried / Math.max(1, messages));
  const cells = Math.round(done * BAR_CELLS);
  const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
  const rate = elapsedMs > 0 ? (received / elapsedMs) * 1000 : 0;
  const left =
    done > 0.01 && elapsedMs > 1000 ? `  ${durationText((elapsedMs / done) * (1 - done))} left` : '';
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  return `${bar} ${percent}  ${carried}/${countText(messages, 'message')}  ${octetsText(received)}  ${octetsText(rate)}/s${left}`;
}

function sum(amounts: Iterable<Amount>): Amount {
  let messages = 0;
  let octets = 0;
  for (const amount of amounts) {
    messages += amount.messages;
    octets += amount.octets;
  }
  return { messages, octets };
}
