import { setMaxListeners } from 'node:events';
import type { AccountConfiguration } from '../config/configuration.ts';
import { asMailError, MailError } from '../errors.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { NoticePolicy } from '../notices/facts.ts';
import type { PollObserver } from '../poll/observer.ts';
import { notBegun } from '../poll/poll-all.ts';
import type { PollReport } from '../poll/report.ts';
import { type Concurrency, Turns } from '../schedule/turns.ts';
import { AfterMailCommands } from './after-mail.ts';
import { type ClockSet, ClockWatch } from './clock-set.ts';
import type { DaemonDeps } from './deps.ts';
import { Member, type Running } from './member.ts';
import { hasOtherPassword, isStillStopped, pollMember } from './poll-member.ts';
import { afterReload, forgiven, isStopped } from './standing.ts';
import { type AccountStatus, accountStatus } from './status.ts';
import { tellChanges } from './tell-changes.ts';
import { Timetable } from './timetable.ts';

/** How often it looks for what changes without a poll. */
const LOOK_EVERY_MS = 60_000;

/** What the daemon is told to do; all of it may change while it runs. */
export interface DaemonSettings {
  readonly accounts: readonly AccountConfiguration[];
  readonly concurrency: Concurrency;
  readonly notices: NoticePolicy;
}

export interface AccountCounts {
  readonly accounts: number;
  /** Whose last poll failed, those that are stopped included. */
  readonly failing: number;
  readonly stopped: number;
  readonly paused: number;
}

/** What a new configuration has changed. */
export interface Reloaded {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly rescheduled: readonly string[];
}

/**
 * Polls many accounts on their schedules, each for itself: a failure, a hang or a pause of one is nobody else's. Has no
 * timer of its own: whoever owns it calls `tick` when `sleepMs` has passed.
 */
export class Daemon {
  readonly #deps: DaemonDeps;
  readonly #timetable: Timetable;
  readonly #turns: Turns;
  readonly #members = new Map<string, Member>();
  /** Those that are no longer configured, but whose last poll may still run. */
  readonly #leaving = new Map<string, Member>();
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  readonly #clock: ClockWatch;
  readonly #afterMail: AfterMailCommands;
  #policy: NoticePolicy;
  #lastTick: number;
  #lastLook: number;

  constructor({ accounts, concurrency, notices }: DaemonSettings, deps: DaemonDeps) {
    this.#deps = deps;
    this.#timetable = new Timetable(deps);
    this.#clock = new ClockWatch(deps.runtime);
    this.#turns = new Turns(concurrency);
    this.#policy = notices;
    this.#afterMail = new AfterMailCommands({
      ...deps,
      abort: this.#abort.signal,
      isCurrent: (member) => this.#members.get(member.name) === member,
      ended: (members) => this.#told(members),
    });
    this.#lastTick = deps.runtime.monotonic();
    this.#lastLook = this.#lastTick;
    // Every poll under way listens to them.
    setMaxListeners(0, this.#stop.signal, this.#abort.signal);
    for (const configuration of accounts) this.#add(configuration);
  }

  /** What the polls should tell. */
  readonly observer: PollObserver = {
    loggedIn: (account, facts) => {
      const member = this.#members.get(account);
      if (member !== undefined) member.facts = facts;
    },
  };

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  get polling(): number {
    return this.#turns.running;
  }

  get waiting(): number {
    return this.#turns.waiting;
  }

  get stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Milliseconds since the daemon last looked at what is due. */
  get sinceTickMs(): number {
    return this.#deps.runtime.monotonic() - this.#lastTick;
  }

  /** How long nothing is due, in milliseconds; never long, since the machine may sleep or the clock jump. */
  get sleepMs(): number {
    return this.#timetable.sleepMs;
  }

  /** Begins what is due. After a sleep or a jump of the clock each account is polled once, however much was missed. */
  tick(): void {
    this.#lastTick = this.#deps.runtime.monotonic();
    if (this.stopping) return;
    this.#followClock();
    for (const name of this.#timetable.takeDue()) {
      const member = this.#members.get(name);
      if (member !== undefined) void this.#begin(member, { asked: false, confirmDelete: false });
    }
    this.#afterMail.look(this.#members.values());
    this.#lookAtAll();
  }

  /**
   * Polls these accounts now, also those that are paused or stopped. The reports come as the polls end. With
   * `confirmDelete` they delete also what waits for somebody's word; a poll that runs without it is waited for.
   */
  pollNow(
    names: readonly string[],
    { confirmDelete = false }: { readonly confirmDelete?: boolean } = {},
  ): readonly Promise<PollReport>[] {
    return this.#select(names).map((member) => this.#begin(member, { asked: true, confirmDelete }));
  }

  /** Ends the polling of these accounts on schedule; a poll that runs goes on. */
  async pause(names: readonly string[]): Promise<readonly string[]> {
    const members = this.#select(names);
    for (const member of members) {
      await member.note({ ...member.standing, paused: true });
      this.#timetable.forget(member.name);
    }
    return members.map(({ name }) => name);
  }

  /** Undoes `pause`, and polls at once what was missed. */
  async resume(names: readonly string[]): Promise<readonly string[]> {
    const members = this.#select(names).filter(({ standing }) => standing.paused);
    for (const member of members) {
      await member.note({ ...member.standing, paused: false });
      // Nobody has waited for the polls that were left out.
      member.owedAt = undefined;
      this.#timetable.planFirst(member);
    }
    this.#deps.changed();
    return members.map(({ name }) => name);
  }

  /**
   * Takes over a new configuration. What runs goes on; accounts that stay the same and work keep their schedule. Those in
   * trouble are tried as their schedule says: whoever reloads has mended something. Where the login was refused, that is so
   * at once when the password is another one by now.
   */
  reload({ accounts, concurrency, notices }: DaemonSettings): Reloaded {
    this.#turns.limits = concurrency;
    this.#policy = notices;
    const wanted = new Map(accounts.map((it) => [it.account.name, it]));
    const removed = this.names.filter((name) => !wanted.has(name));
    for (const name of removed) this.#remove(name);
    const added: string[] = [];
    const rescheduled: string[] = [];
    for (const [name, configuration] of wanted) {
      const member = this.#members.get(name);
      if (member === undefined) {
        this.#add(configuration);
        added.push(name);
        continue;
      }
      const changed = scheduleText(member.configuration) !== scheduleText(configuration);
      if (changed) rescheduled.push(name);
      const inTrouble = member.standing.failures > 0;
      if (inTrouble)
        member.standing = afterReload(
          member.standing,
          loginText(member.configuration) === loginText(configuration),
        );
      member.configuration = configuration;
      if (changed || inTrouble) this.#timetable.planFirst(member);
    }
    this.#afterMail.forgive();
    void this.#tryMended([...this.#members.values()].filter(({ standing }) => standing.refusals > 0));
    this.#deps.changed();
    return { added, removed, rescheduled };
  }

  /** Lets those be polled at once whose login was refused with another password than they have now; one after the other. */
  async #tryMended(refused: readonly Member[]): Promise<void> {
    for (const member of refused) {
      const isCurrent = (): boolean => !this.stopping && this.#members.get(member.name) === member;
      // A password that cannot be had is told by the poll that wants it.
      const mended = isCurrent() && (await hasOtherPassword(member, this.#stop.signal).catch(() => false));
      if (!mended || !isCurrent() || member.running !== undefined) continue;
      // Those refused so far go on counting, so that no number of reloads gets the account locked.
      member.standing = { ...member.standing, notBefore: undefined };
      this.#timetable.planNow(member);
      this.#deps.changed();
    }
  }

  /** Lets what runs come to a proper end, and breaks it off after so many milliseconds. Nothing new begins. */
  async drain(graceMs: number): Promise<void> {
    this.#stop.abort();
    const timer = setTimeout(() => this.abort(), graceMs);
    const all = [...this.#members.values(), ...this.#leaving.values()];
    await Promise.all(all.flatMap(({ running }) => running?.promise ?? []));
    await this.#afterMail.ended();
    clearTimeout(timer);
    await this.noted();
  }

  /** Resolves when all that is known of notices is in the ledger. */
  async noted(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ telling }) => telling));
  }

  /** Breaks off what runs; what is safe and recorded stays so. */
  abort(): void {
    this.#stop.abort();
    this.#abort.abort();
  }

  /** How many accounts there are, and how many of them are in trouble. */
  counts(): AccountCounts {
    const members = [...this.#members.values()];
    const stopped = members.filter(({ standing }) => isStopped(standing)).length;
    const failing = members.filter(({ standing }) => standing.failures > 0).length;
    const paused = members.filter(({ standing }) => standing.paused).length;
    return { accounts: members.length, failing, stopped, paused };
  }

  /** The accounts whose last poll failed. */
  failing(): readonly string[] {
    return [...this.#members.values()]
      .filter(({ standing }) => standing.failures > 0)
      .map(({ name }) => name);
  }

  /** How each account is, in the order of the configuration. */
  status(): readonly AccountStatus[] {
    const summaries = this.#deps.ledger.summaries(dayOf(this.#deps.runtime.now()));
    return [...this.#members.values()].map((member) =>
      accountStatus({
        account: member.configuration.account,
        summary: summaries.get(member.name),
        standing: member.standing,
        live: {
          running: member.running && (member.running.begun ? 'polling' : 'waiting'),
          nextPollAt: isStopped(member.standing) ? undefined : this.#timetable.dueAt(member.name),
          certificateExpiresAt: member.facts?.certificateExpiresAt,
          report: member.lastReport,
          lastPollAt: member.lastPollAt,
        },
      }),
    );
  }

  #add(configuration: AccountConfiguration): void {
    const { name } = configuration.account;
    const known = this.#leaving.get(name);
    const member =
      known ?? new Member(configuration, this.#deps.ledger.account(name), dayOf(this.#deps.runtime.now()));
    member.configuration = configuration;
    this.#leaving.delete(name);
    this.#members.set(name, member);
    this.#timetable.planFirst(member);
    // What a process before this one could not send.
    if (known === undefined) for (const kept of member.standing.unsent) member.tell(kept, this.#deps);
  }

  #remove(name: string): void {
    const member = this.#members.get(name);
    this.#members.delete(name);
    this.#timetable.forget(name);
    // Should it be configured again while its poll runs, there must not be a second one (I6).
    if (member?.running !== undefined) this.#leaving.set(name, member);
  }

  #select(names: readonly string[]): readonly Member[] {
    const unknown = names.find((name) => !this.#members.has(name));
    if (unknown !== undefined) {
      throw new MailError('usage', `The daemon has no account named "${unknown}".`, {
        hint: `It has: ${this.names.join(', ')}. A new one in the configuration needs: mailferry reload`,
      });
    }
    const wanted = names.length === 0 ? this.names : [...new Set(names)];
    return wanted.flatMap((name) => this.#members.get(name) ?? []);
  }

  #followClock(): void {
    const jump = this.#timetable.followClock(this.#members.values());
    if (jump === 0) return;
    const set = this.#clock.look();
    if (set !== undefined) this.#setDeliveries(set);
    const far = `${Math.round(Math.abs(jump) / 1000)} s`;
    this.#deps.log(
      'info',
      jump > 0
        ? `The clock went forward by ${far}, or this machine slept.`
        : `The clock went back by ${far}.`,
    );
  }

  #setDeliveries(set: ClockSet): void {
    try {
      this.#deps.ledger.followClock(set);
    } catch (thrown) {
      this.#deps.log('warn', asMailError(thrown).message);
    }
  }

  /** Begins a poll unless one is under way: there is never more than one of an account (I6). */
  #begin(member: Member, how: Pick<Running, 'asked' | 'confirmDelete'>): Promise<PollReport> {
    const { running } = member;
    if (running !== undefined) {
      if (how.confirmDelete && running.begun && !running.confirmDelete)
        return running.promise.then(() => this.#begin(member, how));
      running.asked ||= how.asked;
      running.confirmDelete ||= how.confirmDelete;
      return running.promise;
    }
    this.#timetable.forget(member.name);
    const { host } = member.configuration.account;
    const turn = { host, suspect: member.isSuspect, urgent: how.asked };
    const promise = this.#turns.run(turn, () => this.#poll(member)).finally(() => this.#after(member));
    member.running ??= { promise, since: this.#deps.runtime.monotonic(), begun: false, ...how };
    return promise;
  }

  #after(member: Member): void {
    member.running = undefined;
    if (this.#leaving.get(member.name) === member) this.#leaving.delete(member.name);
    if (this.#members.get(member.name) === member) this.#timetable.planNext(member);
    tellChanges(member, this.#policy, this.#deps);
    if (!this.stopping) this.#afterMail.look(this.#members.values());
  }

  /** A command after mail has ended; there may be more mail by now. */
  #told(members: readonly Member[]): void {
    for (const member of members)
      if (this.#members.get(member.name) === member) tellChanges(member, this.#policy, this.#deps);
    if (!this.stopping) this.#afterMail.look(this.#members.values());
  }

  async #poll(member: Member): Promise<PollReport> {
    // Only now does `#begin` know that it runs.
    await Promise.resolve();
    const { running, configuration } = member;
    const { account } = configuration;
    if (this.stopping || this.#members.get(account.name) !== member) return notBegun(account);
    try {
      const asked = running?.asked === true;
      if (asked) member.standing = forgiven(member.standing);
      else if (await isStillStopped(member, this.#deps.runtime.now(), this.#stop.signal))
        return member.lastReport ?? notBegun(account);
      if (running !== undefined) running.begun = true;
      const { confirmDelete = false } = running ?? {};
      const control = { stop: this.#stop.signal, abort: this.#abort.signal, confirmDelete };
      return await pollMember(member, control, this.#deps);
    } catch (thrown) {
      // What the poll itself suffers is in its report; this is the ledger's or ours.
      const error = asMailError(thrown);
      if (error.code !== 'aborted' && member.lastReport?.error?.message !== error.message)
        this.#deps.log('warn', error.message, account.name);
      return notBegun(account, error);
    }
  }

  /** What changes without a poll, such as too long a silence. */
  #lookAtAll(): void {
    if (this.#lastTick - this.#lastLook < LOOK_EVERY_MS) return;
    this.#lastLook = this.#lastTick;
    for (const member of this.#members.values()) tellChanges(member, this.#policy, this.#deps);
  }
}

/** How an account is reached and logged in to, without its secrets. */
function loginText({ account }: AccountConfiguration): string {
  const { destinations: _1, deletion: _2, limits: _3, ...login } = account;
  return JSON.stringify(login);
}

function scheduleText({ schedule, jitterMs }: AccountConfiguration): string {
  return JSON.stringify([schedule.text, schedule.kind === 'cron' ? schedule.timezone : '', jitterMs]);
}
