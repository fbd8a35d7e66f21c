import type { Intent } from '../delivery/destination.ts';

/** What is known of intents without asking the database; the accounts share it. */
export class KnownIntents {
  /** Those that earlier processes left open, by destination, until somebody takes them. */
  readonly #unfinished = new Map<string, readonly Intent[]>();
  #some: boolean;

  constructor(unfinished: readonly Intent[]) {
    this.#some = unfinished.length > 0;
    for (const intent of unfinished) {
      const { destination } = intent.receipt;
      this.#unfinished.set(destination, [...(this.#unfinished.get(destination) ?? []), intent]);
    }
  }

  /** Whether there may be any. Where all destinations are Maildirs there never are, and none need be looked for. */
  get some(): boolean {
    return this.#some;
  }

  /** To be called before the first one is written. */
  noteSome(): void {
    this.#some = true;
  }

  /** Gives the unfinished ones of a destination, once. */
  takeUnfinished(destination: string): readonly Intent[] {
    const intents = this.#unfinished.get(destination) ?? [];
    this.#unfinished.delete(destination);
    return intents;
  }
}
