import type { AccountLedger } from '../../ledger/ledger.ts';

/** Lets messages of one content be told apart one after the other: at the same time, both would be taken for the first. */
export class EqualContents {
  readonly #ledger: Pick<AccountLedger, 'hurry'>;
  /** The last of each content, and how many others wait for their turn. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, number>();

  constructor(ledger: Pick<AccountLedger, 'hurry'>) {
    this.#ledger = ledger;
  }

  /** Acts when those of this content that came before are done, whether well or not; rejects as `act` does. */
  inTurn(sha256: string, act: () => Promise<void>): Promise<void> {
    const before = this.#last.get(sha256);
    const turn = before === undefined ? act() : this.#after(before, sha256).then(act);
    this.#last.set(
      sha256,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** Whether another one of this content waits for its turn. */
  isAwaited(sha256: string): boolean {
    return (this.#waiting.get(sha256) ?? 0) > 0;
  }

  async #after(before: Promise<void>, sha256: string): Promise<void> {
    this.#waiting.set(sha256, (this.#waiting.get(sha256) ?? 0) + 1);
    // The one before may be durable already and in no hurry to be recorded.
    this.#ledger.hurry();
    await before;
    this.#waiting.set(sha256, (this.#waiting.get(sha256) ?? 0) - 1);
  }
}
