import { octetsText } from '../config/size.ts';
import type { PollObserver } from '../poll/observer.ts';
import type { PollReport } from '../poll/report.ts';
import type { Runtime } from '../runtime.ts';
import { countText } from '../wire/text.ts';
import type { Terminal } from './terminal.ts';
import { columnText, durationText, nameText } from './words/wording.ts';

const REDRAW_MS = 100;
/** Where nobody watches, a line is enough from time to time. */
const PLAIN_LINE_MS = 30_000;
/** A server that has been silent for this long is what is being waited for. */
const SILENT_MS = 3000;
const BAR_CELLS = 24;
/** How many accounts are shown by themselves; the others only in the total. */
const ACCOUNT_LINES = 8;

interface Amount {
  readonly messages: number;
  readonly octets: number;
}

type Phase = 'connecting' | 'listing' | 'receiving' | 'done';

/** One account, as far as it is. */
interface Course {
  phase: Phase;
  /** What is done, and what it will be in the end. */
  done: Amount;
  plan: Amount;
  /** When something came last. */
  heardAt: number;
}

/**
 * How far the polls are: on a terminal a line for each account at work and one for all of them, drawn again and again;
 * elsewhere a plain line from time to time. Nothing when there is nothing to carry.
 */
export class Progress implements PollObserver {
  readonly #terminal: Terminal;
  readonly #runtime: Runtime;
  readonly #courses = new Map<string, Course>();
  #begun: number | undefined;
  #drawnAt = 0;
  #drawn: readonly string[] = [];

  constructor(terminal: Terminal, runtime: Runtime) {
    this.#terminal = terminal;
    this.#runtime = runtime;
  }

  loggedIn(account: string): void {
    this.#course(account).phase = 'listing';
  }

  /** A large maildrop is planned anew for each session, with what is left of it. */
  planned(account: string, messages: number, octets: number): void {
    const course = this.#course(account);
    course.phase = 'receiving';
    if (messages === 0) return;
    course.plan = sum([course.done, { messages, octets }]);
    this.#begun ??= this.#runtime.monotonic();
    this.tick();
  }

  received(account: string, octets: number): void {
    const course = this.#course(account);
    course.done = sum([course.done, { messages: 0, octets }]);
    this.tick();
  }

  carried(account: string): void {
    const course = this.#course(account);
    course.done = sum([course.done, { messages: 1, octets: 0 }]);
    this.tick();
  }

  finished({ account }: PollReport): void {
    this.#course(account).phase = 'done';
  }

  /** Draws again if it is time; called from outside too, so that silence shows. */
  tick(): void {
    const now = this.#runtime.monotonic();
    const pause = this.#terminal.interactive ? REDRAW_MS : PLAIN_LINE_MS;
    if (this.#begun === undefined || now - Math.max(this.#drawnAt, this.#firstDraw()) < pause) return;
    this.#drawnAt = now;
    const total = totalOf([...this.#courses.values()], now - this.#begun);
    if (!this.#terminal.interactive) {
      this.#terminal.err(plainLine(total));
      return;
    }
    this.clear();
    this.#drawnAt = now;
    this.#drawn = [...this.#accountLines(now), progressLine(total)].map((line) =>
      columnText(line, Math.max(1, this.#terminal.columns - 1)).trimEnd(),
    );
    this.#terminal.draw(this.#drawn.join('\n'));
  }

  /** Takes the lines away, so that something else can be written. Knows that a narrower terminal has wrapped them. */
  clear(): void {
    if (this.#drawn.length === 0) return;
    const { columns } = this.#terminal;
    const rows = this.#drawn.reduce(
      (count, line) => count + Math.max(1, Math.ceil(line.length / columns)),
      0,
    );
    this.#terminal.draw(`\r${rows > 1 ? `\u001b[${rows - 1}A` : ''}\u001b[0J`);
    this.#drawn = [];
    this.#drawnAt = 0;
  }

  /** On a terminal at once; elsewhere the first line comes after the first pause. */
  #firstDraw(): number {
    return this.#terminal.interactive ? Number.NEGATIVE_INFINITY : (this.#begun ?? 0);
  }

  /** One account alone needs no line of its own, unless something is waited for. */
  #accountLines(now: number): readonly string[] {
    const busy = [...this.#courses].filter(([, { phase }]) => phase !== 'done');
    const shown = this.#courses.size > 1 ? busy : busy.filter(([, course]) => waitsFor(course, now) !== '');
    const lines = shown.slice(0, ACCOUNT_LINES).map(([name, course]) => accountLine(name, course, now));
    const hidden = shown.length - lines.length;
    return hidden > 0 ? [...lines, `… and ${countText(hidden, 'more account')}`] : lines;
  }

  #course(account: string): Course {
    const now = this.#runtime.monotonic();
    const nothing = { messages: 0, octets: 0 };
    const course = this.#courses.get(account) ?? {
      phase: 'connecting',
      done: nothing,
      plan: nothing,
      heardAt: now,
    };
    course.heardAt = now;
    this.#courses.set(account, course);
    return course;
  }
}

/** What an account is waiting for, or nothing while it goes on. */
function waitsFor({ phase, heardAt }: Course, now: number): string {
  const silent = now - heardAt;
  if (silent < SILENT_MS || phase === 'done') return '';
  const what = { connecting: 'the login', listing: 'the listing', receiving: 'the server' }[phase];
  return `waiting for ${what} (${durationText(silent)})`;
}

function accountLine(name: string, course: Course, now: number): string {
  const { done, plan } = course;
  const amounts =
    plan.messages === 0
      ? ''
      : `${done.messages.toLocaleString('en-US')}/${countText(plan.messages, 'message')}  ${octetsText(done.octets)}`;
  return [nameText(name, 20), amounts, waitsFor(course, now)].filter((part) => part !== '').join('  ');
}

function totalOf(courses: readonly Course[], elapsedMs: number): ProgressState {
  const { messages: carried, octets: received } = sum(courses.map(({ done }) => done));
  return { ...sum(courses.map(({ plan }) => plan)), carried, received, elapsedMs };
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

function shareOf({ messages, octets, carried, received }: ProgressState): number {
  return octets > 0 ? Math.min(1, received / octets) : Math.min(1, carried / Math.max(1, messages));
}

/** `0:12 left`, or nothing as long as it cannot be told. When all is here, a server may take long to delete. */
function timeLeft(state: ProgressState): string {
  const done = shareOf(state);
  const { elapsedMs, carried, messages } = state;
  if (messages > 0 && carried >= messages) return 'ending the session';
  return done > 0.01 && elapsedMs > 1000 ? `${durationText((elapsedMs / done) * (1 - done))} left` : '';
}

/** `█████░░░ 40%  120/300 messages  4.1 MB  2.0 MB/s  0:12 left`. */
export function progressLine(state: ProgressState): string {
  const { messages, carried, received, elapsedMs } = state;
  const done = shareOf(state);
  const cells = Math.round(done * BAR_CELLS);
  const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
  const rate = elapsedMs > 0 ? (received / elapsedMs) * 1000 : 0;
  const left = timeLeft(state);
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  return `${bar} ${percent}  ${carried.toLocaleString('en-US')}/${countText(messages, 'message')}  ${octetsText(received)}  ${octetsText(rate)}/s${left === '' ? '' : `  ${left}`}`;
}

/** The same for a file: `120 of 300 messages, 4.1 MB of 10 MB, 0:12 left`. */
export function plainLine(state: ProgressState): string {
  const { messages, octets, carried, received } = state;
  const parts = [
    `${carried.toLocaleString('en-US')} of ${countText(messages, 'message')}`,
    octets > 0 ? `${octetsText(received)} of ${octetsText(octets)}` : octetsText(received),
    timeLeft(state),
  ];
  return `… ${parts.filter((part) => part !== '').join(', ')}`;
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
