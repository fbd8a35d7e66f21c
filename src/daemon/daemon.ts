import { setMaxListeners } from 'node:events';
import type { AccountConfiguration } from '../config/configuration.ts';
import { asMailError } from '../errors.ts';
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
import { type AccountCounts, Roster } from './roster.ts';
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
  readonly #roster = new Roster();
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
      isCurrent: (member) => this.#roster.has(member),
      ended: (members) => this.#afterCommand(members),
    });
    this.#lastTick = deps.runtime.monotonic();
    this.#lastLook = this.#lastTick;
    // Every poll under way listens to them.
    setMaxListeners(0, this.#stop.signal, this.#abort.signal);
    for (const configuration of accounts) this.#add(configuration);
  }

  /** Where polls report to. */
  readonly observer: PollObserver = {
    loggedIn: (account, facts) => {
      const member = this.#roster.get(account);
      if (member !== undefined) member.facts = facts;
    },
  };

  get names(): readonly string[] {
    return this.#roster.names;
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
      const member = this.#roster.get(name);
      if (member !== undefined) void this.#begin(member, { asked: false, confirmDelete: false });
    }
    this.#afterMail.look(this.#roster);
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
    return this.#roster.select(names).map((member) => this.#begin(member, { asked: true, confirmDelete }));
  }

  /** Stops polling these accounts on schedule; a poll that is under way goes on. */
  async pause(names: readonly string[]): Promise<readonly string[]> {
    const members = this.#roster.select(names);
    for (const member of members) {
      await member.note({ ...member.standing, paused: true });
      this.#timetable.forget(member.name);
    }
    return members.map(({ name }) => name);
  }

  /** Undoes `pause`, and polls at once what was missed. */
  async resume(names: readonly string[]): Promise<readonly string[]> {
    const members = this.#roster.select(names).filter(({ standing }) => standing.paused);
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
   * Takes over a new configuration. Polls under way go on, and accounts that are unchanged and well keep their next poll.
   * Those in trouble are planned as their schedule says: whoever reloads has mended something. One whose login was refused
   * is polled at once if it has another password by now.
   */
  reload({ accounts, concurrency, notices }: DaemonSettings): Reloaded {
    this.#turns.limits = concurrency;
    this.#policy = notices;
    const wanted = new Set(accounts.map(({ account }) => account.name));
    const removed = this.names.filter((name) => !wanted.has(name));
    for (const name of removed) this.#remove(name);
    const added: string[] = [];
    const rescheduled: string[] = [];
    for (const configuration of accounts) {
      const { name } = configuration.account;
      const member = this.#roster.get(name);
      if (member === undefined) {
        this.#add(configuration);
        added.push(name);
      } else if (this.#reconfigure(member, configuration)) rescheduled.push(name);
    }
    this.#afterMail.forgive();
    void this.#tryMended([...this.#roster].filter(({ standing }) => standing.refusals > 0));
    this.#deps.changed();
    return { added, removed, rescheduled };
  }

  /** Gives an account that stays its new configuration. Returns whether its schedule is another one now. */
  #reconfigure(member: Member, configuration: AccountConfiguration): boolean {
    const { configuration: before, standing } = member;
    const isRescheduled = scheduleText(before) !== scheduleText(configuration);
    const isInTrouble = standing.failures > 0;
    const isSameLogin = loginText(before) === loginText(configuration);
    if (isInTrouble) member.standing = afterReload(standing, isSameLogin);
    member.configuration = configuration;
    if (isRescheduled || isInTrouble) this.#timetable.planFirst(member);
    return isRescheduled;
  }

  /**
   * Polls at once those whose login was refused with another password than they have now. Asks for one password after the
   * other.
   */
  async #tryMended(refused: readonly Member[]): Promise<void> {
    for (const member of refused) {
      const isCurrent = (): boolean => !this.stopping && this.#roster.has(member);
      // Why a password cannot be had is told by the poll that wants it.
      const mended = isCurrent() && (await hasOtherPassword(member, this.#stop.signal).catch(() => false));
      if (!mended || !isCurrent() || member.running !== undefined) continue;
      // Earlier refusals go on counting, so that no number of reloads gets the account locked.
      member.standing = { ...member.standing, notBefore: undefined };
      this.#timetable.planNow(member);
      this.#deps.changed();
    }
  }

  /** Lets what runs come to a proper end, and breaks it off after so many milliseconds. Nothing new begins. */
  async drain(graceMs: number): Promise<void> {
    this.#stop.abort();
    const timer = setTimeout(() => this.abort(), graceMs);
    await this.#roster.pollsEnded();
    await this.#afterMail.ended();
    clearTimeout(timer);
    await this.noted();
  }

  /** Resolves when all that is known of notices is in the ledger. */
  async noted(): Promise<void> {
    await Promise.all(Array.from(this.#roster, ({ telling }) => telling));
  }

  /** Breaks off what runs; what is safe and recorded stays so. */
  abort(): void {
    this.#stop.abort();
    this.#abort.abort();
  }

  /** How many accounts there are, and how many of them are in trouble. */
  counts(): AccountCounts {
    return this.#roster.counts();
  }

  /** The accounts whose last poll failed. */
  failing(): readonly string[] {
    return this.#roster.failing().map(({ name }) => name);
  }

  /** The status of each account, in the order of the configuration. */
  status(): readonly AccountStatus[] {
    const summaries = this.#deps.ledger.summaries(dayOf(this.#deps.runtime.now()));
    return Array.from(this.#roster, (member) =>
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
    const create = (): Member => this.#newMember(configuration);
    this.#timetable.planFirst(this.#roster.add(configuration, create));
  }

  #newMember(configuration: AccountConfiguration): Member {
    const { ledger, runtime } = this.#deps;
    const account = ledger.account(configuration.account.name);
    const member = new Member(configuration, account, dayOf(runtime.now()));
    // What a process before this one could not send.
    for (const kept of member.standing.unsent) member.tell(kept, this.#deps);
    return member;
  }

  #remove(name: string): void {
    this.#roster.remove(name);
    this.#timetable.forget(name);
  }

  #followClock(): void {
    const jump = this.#timetable.followClock(this.#roster);
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
    const promise = this.#turns.run(turn, () => this.#poll(member)).finally(() => this.#afterPoll(member));
    member.running ??= { promise, since: this.#deps.runtime.monotonic(), begun: false, ...how };
    return promise;
  }

  #afterPoll(member: Member): void {
    member.running = undefined;
    this.#roster.pollEnded(member);
    if (this.#roster.has(member)) this.#timetable.planNext(member);
    tellChanges(member, this.#policy, this.#deps);
    if (!this.stopping) this.#afterMail.look(this.#roster);
  }

  /** A command after mail has ended; there may be more mail by now. */
  #afterCommand(members: readonly Member[]): void {
    for (const member of members) if (this.#roster.has(member)) tellChanges(member, this.#policy, this.#deps);
    if (!this.stopping) this.#afterMail.look(this.#roster);
  }

  async #poll(member: Member): Promise<PollReport> {
    // `#begin` has noted it as running only now.
    await Promise.resolve();
    const { running, configuration } = member;
    const { account } = configuration;
    if (this.stopping || !this.#roster.has(member)) return notBegun(account);
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
      // What the poll itself runs into is in its report; this is the failure of the ledger, or ours.
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
    for (const member of this.#roster) tellChanges(member, this.#policy, this.#deps);
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
