import type { AccountConfiguration } from '../config/configuration.ts';
import { Agenda } from '../schedule/agenda.ts';
import { MAX_PAUSE_MS } from '../schedule/back-off.ts';
import { firstDue, lookFrom, nextDue } from '../schedule/due.ts';
import type { DaemonDeps } from './deps.ts';
import type { Member } from './member.ts';

/** The daemon looks at its clocks at least this often, so that it notices when the machine has slept. */
const LONGEST_SLEEP_MS = 5000;

/** When each member is polled next: as its schedule says, and later where its server wants to be left alone for longer. */
export class Timetable {
  readonly #runtime: DaemonDeps['runtime'];
  readonly #changed: DaemonDeps['changed'];
  readonly #agenda: Agenda;

  constructor({ runtime, changed }: Pick<DaemonDeps, 'runtime' | 'changed'>) {
    this.#runtime = runtime;
    this.#changed = changed;
    this.#agenda = new Agenda(runtime);
  }

  /** How long nothing is due, in milliseconds; never long, since the machine may sleep or the clock jump. */
  get sleepMs(): number {
    return Math.min(LONGEST_SLEEP_MS, this.#agenda.earliest() ?? LONGEST_SLEEP_MS);
  }

  /** In milliseconds since 1970; undefined where no poll is planned. */
  dueAt(name: string): number | undefined {
    return this.#agenda.dueAt(name);
  }

  /** Takes out the names of those that are due now, the longest overdue first. */
  takeDue(): readonly string[] {
    return this.#agenda.takeDue();
  }

  forget(name: string): void {
    this.#agenda.delete(name);
  }

  /** Plans the poll of a member that is new here, or of which something has changed. One that runs plans the next itself. */
  planFirst(member: Member): void {
    if (member.running !== undefined) return;
    const now = this.#runtime.now();
    this.#plan(member, firstDue(question(member), { lastPoll: member.lastPollAt, now }));
  }

  /** Plans a poll for now, or for when the server wants to be left alone no more. */
  planNow(member: Member): void {
    this.#plan(member, this.#runtime.now());
  }

  /** Plans the poll that follows the one that has just ended. */
  planNext(member: Member): void {
    const now = this.#runtime.now();
    const { schedule } = member.configuration;
    this.#plan(member, nextDue(question(member), lookFrom(schedule, { due: member.due ?? now, now })));
  }

  /**
   * Keeps the plan right where the wall clock has jumped or the machine slept. Returns by how many milliseconds the clock
   * went forward (or back, negative); 0 where it did not.
   */
  followClock(members: Iterable<Member>): number {
    const jump = this.#agenda.jumped();
    if (jump > 0) this.#bringNearer(members, jump);
    if (jump >= 0) return jump;
    for (const member of members) {
      if (member.running !== undefined || member.configuration.schedule.kind !== 'cron') continue;
      this.#plan(member, nextDue(question(member), this.#runtime.now()));
    }
    return jump;
  }

  #bringNearer(members: Iterable<Member>, milliseconds: number): void {
    this.#agenda.shift(milliseconds);
    const monotonic = this.#runtime.monotonic();
    for (const member of members) {
      if (member.owedAt === undefined || member.owedAt <= monotonic) continue;
      member.owedAt = Math.max(monotonic, member.owedAt - milliseconds);
    }
  }

  #plan(member: Member, wanted: number): void {
    if (member.standing.paused) return;
    const now = this.#runtime.now();
    const monotonic = this.#runtime.monotonic();
    const { notBefore = now } = member.standing;
    // One that would end later was noted before the clock was set back.
    const hold = notBefore - now > MAX_PAUSE_MS ? now : notBefore;
    const rested = Math.min(member.lastPollAt ?? 0, now) + member.leastPauseMs;
    member.due = Math.max(wanted, hold, rested);
    this.#agenda.set(member.name, member.due);
    // What was due and did not go well stays so, whatever is planned after it.
    if (member.owedAt === undefined || member.owedAt > monotonic)
      member.owedAt = monotonic + (member.due - now);
    this.#changed();
  }
}

function question({ configuration: { account, schedule, jitterMs } }: Member): {
  account: string;
  schedule: AccountConfiguration['schedule'];
  jitterMs: number;
} {
  return { account: account.name, schedule, jitterMs };
}
