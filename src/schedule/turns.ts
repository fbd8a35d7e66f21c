/** How many polls run at a time, in all and of one host. */
export interface Concurrency {
  readonly accounts: number;
  readonly perHost: number;
}

export interface Turn {
  readonly host: string;
  /** The host did not answer lately: it may take only what it cannot take from others. */
  readonly suspect?: boolean | undefined;
  /** Somebody waits for it: it comes before the others. */
  readonly urgent?: boolean | undefined;
}

interface Waiting extends Turn {
  readonly begin: () => void;
}

/** Those that wait, the first of each group being the one whose turn comes: of one host, which answers or does not. */
type Groups = Map<string, Waiting[]>;

/**
 * Lets as many polls run at a time as is allowed. Hosts take turns, and for one host whoever asked first comes first.
 * However many wait for a host that has all it may have, only the first of them is looked at. One host never has all places
 * (where there is more than one), and hosts that do not answer never have more than half of them, so that they delay only
 * their own accounts.
 */
export class Turns {
  #limits: Concurrency;
  readonly #urgent: Groups = new Map();
  readonly #others: Groups = new Map();
  #waiting = 0;
  #running = 0;
  #suspects = 0;
  readonly #perHost = new Map<string, number>();

  constructor(limits: Concurrency) {
    this.#limits = limits;
  }

  /** Other limits from now on; what runs goes on. */
  set limits(limits: Concurrency) {
    this.#limits = limits;
    this.#beginAll();
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `act` when its turn has come: at once where a place is free. */
  run<T>(turn: Turn, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = (): void =>
        void act()
          .finally(() => {
            this.#count(turn, -1);
            this.#beginAll();
          })
          .then(resolve, reject);
      this.#add({ ...turn, begin });
      this.#beginAll();
    });
  }

  #add(turn: Waiting): void {
    const groups = turn.urgent === true ? this.#urgent : this.#others;
    const key = `${turn.suspect === true} ${turn.host}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [turn]);
    else group.push(turn);
    this.#waiting += 1;
  }

  #beginAll(): void {
    while (this.#running < this.#limits.accounts) {
      const next = this.#take(this.#urgent) ?? this.#take(this.#others);
      if (next === undefined) return;
      this.#count(next, 1);
      next.begin();
    }
  }

  /** Takes out the first that may begin; the others of its group come after those of other groups. */
  #take(groups: Groups): Waiting | undefined {
    for (const [key, group] of groups) {
      const [first] = group;
      if (first === undefined || !this.#mayBegin(first)) continue;
      group.shift();
      groups.delete(key);
      if (group.length > 0) groups.set(key, group);
      this.#waiting -= 1;
      return first;
    }
    return undefined;
  }

  #mayBegin({ host, suspect }: Turn): boolean {
    const { accounts, perHost } = this.#limits;
    const ofHost = this.#perHost.get(host) ?? 0;
    if (ofHost >= perHost) return false;
    if (suspect === true && this.#suspects >= Math.max(1, Math.floor(accounts / 2))) return false;
    return ofHost === 0 || ofHost + 1 < accounts;
  }

  #count({ host, suspect }: Turn, by: 1 | -1): void {
    this.#running += by;
    if (suspect === true) this.#suspects += by;
    const ofHost = (this.#perHost.get(host) ?? 0) + by;
    if (ofHost === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, ofHost);
  }
}
