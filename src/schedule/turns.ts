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

/**
 * Lets as many polls run at a time as is allowed, in the order in which they were asked for. One host never has all
 * places (where there is more than one), and hosts that do not answer never have more than half of them, so that they delay only
 * their own accounts.
 */
export class Turns {
  #limits: Concurrency;
  #waiting: Waiting[] = [];
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
    return this.#waiting.length;
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
      this.#waiting.splice(this.#placeFor(turn), 0, { ...turn, begin });
      this.#beginAll();
    });
  }

  /** Behind those that came before: of all that wait, or of the urgent ones. */
  #placeFor({ urgent }: Turn): number {
    const first = urgent === true ? this.#waiting.findIndex((other) => other.urgent !== true) : -1;
    return first < 0 ? this.#waiting.length : first;
  }

  #beginAll(): void {
    while (this.#running < this.#limits.accounts) {
      const index = this.#waiting.findIndex((turn) => this.#mayBegin(turn));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (next === undefined) return;
      this.#count(next, 1);
      next.begin();
    }
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
