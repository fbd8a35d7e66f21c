import type { Runtime } from '../runtime.ts';

/**
 * Keeps a user who logs in more often than announced away for the rest of the time (RFC 2449 §6.5). Users go by the name of
 * their account: the name as typed may look the same and be another.
 */
export class LoginDelays {
  readonly #runtime: Pick<Runtime, 'monotonic'>;
  readonly #delayMs: number;
  readonly #lastLogin = new Map<string, number>();

  constructor(delaySeconds: number, runtime: Pick<Runtime, 'monotonic'>) {
    this.#delayMs = delaySeconds * 1000;
    this.#runtime = runtime;
  }

  /** True when it is too soon; then the time of the last login stays what it was. */
  isTooSoon(user: string): boolean {
    const last = this.#lastLogin.get(user);
    return last !== undefined && this.#runtime.monotonic() - last < this.#delayMs;
  }

  note(user: string): void {
    if (this.#delayMs > 0) this.#lastLogin.set(user, this.#runtime.monotonic());
  }
}
