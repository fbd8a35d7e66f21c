import type { AccountConfiguration } from '../config/configuration.ts';
import { MailError } from '../errors.ts';
import type { Member } from './member.ts';
import { isStopped } from './standing.ts';

/** How many accounts there are, and how many of them are in trouble. */
export interface AccountCounts {
  readonly accounts: number;
  /** Whose last poll failed, those that are stopped included. */
  readonly failing: number;
  readonly stopped: number;
  readonly paused: number;
}

/** Who belongs to the daemon, in the order of the configuration, and who has left it while the last poll still runs. */
export class Roster implements Iterable<Member> {
  readonly #members = new Map<string, Member>();
  readonly #leaving = new Map<string, Member>();

  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** Whether this is the member that its account is known by: a removed one may be followed by another of its name. */
  has(member: Member): boolean {
    return this.#members.get(member.name) === member;
  }

  /** The members with these names, or all where there are none. Raises `usage` for a name that nobody has. */
  select(names: readonly string[]): readonly Member[] {
    const unknown = names.find((name) => !this.#members.has(name));
    if (unknown !== undefined) {
      throw new MailError('usage', `The daemon has no account named "${unknown}".`, {
        hint: `It has: ${this.names.join(', ')}. A new one in the configuration needs: mailferry reload`,
      });
    }
    const wanted = names.length === 0 ? this.names : [...new Set(names)];
    return wanted.flatMap((name) => this.#members.get(name) ?? []);
  }

  /** Takes in an account: the one that has not quite left, so that it never has two polls at a time (I6), or a new one. */
  add(configuration: AccountConfiguration, create: () => Member): Member {
    const { name } = configuration.account;
    const member = this.#leaving.get(name) ?? create();
    member.configuration = configuration;
    this.#leaving.delete(name);
    this.#members.set(name, member);
    return member;
  }

  remove(name: string): void {
    const member = this.#members.get(name);
    this.#members.delete(name);
    if (member?.running !== undefined) this.#leaving.set(name, member);
  }

  /** Notes that the poll of a member has ended. */
  pollEnded(member: Member): void {
    if (this.#leaving.get(member.name) === member) this.#leaving.delete(member.name);
  }

  /** Resolves when all polls have ended, those of accounts that have left included. */
  async pollsEnded(): Promise<void> {
    const all = [...this.#members.values(), ...this.#leaving.values()];
    await Promise.all(all.flatMap(({ running }) => running?.promise ?? []));
  }

  /** Those whose last poll failed. */
  failing(): readonly Member[] {
    return [...this.#members.values()].filter(({ standing }) => standing.failures > 0);
  }

  counts(): AccountCounts {
    const members = [...this.#members.values()];
    return {
      accounts: members.length,
      failing: this.failing().length,
      stopped: members.filter(({ standing }) => isStopped(standing)).length,
      paused: members.filter(({ standing }) => standing.paused).length,
    };
  }
}
