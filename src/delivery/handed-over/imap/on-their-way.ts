/** A message that is given to a mailbox by one of those who have it open. */
interface OnItsWay {
  /** Equal messages have the same. */
  readonly likeness: string;
  readonly given: Promise<unknown>;
  /** Where it is; a record says so by the time when its owner gives the next one, or closes. */
  location?: string;
}

/** By the name of a mailbox, what is on its way there in this process, in the order in which it was begun. */
const byMailbox = new Map<string, Set<OnItsWay>>();

/**
 * What several polls give to one mailbox at the same time. Equal messages are given one after the other, and each knows where the
 * others went: whoever looks there for his own must not take another one for it, of which no record says yet whose it is (I1).
 */
export class OnTheirWay {
  readonly #mailbox: string;
  #own: OnItsWay | undefined;

  constructor(mailbox: string) {
    this.#mailbox = mailbox;
  }

  /** Gives a message once those of its likeness that were begun before are there, or have failed. `give` resolves to its place. */
  async inTurn(likeness: string, give: () => Promise<string>): Promise<string> {
    this.clear();
    const all = byMailbox.get(this.#mailbox) ?? new Set<OnItsWay>();
    byMailbox.set(this.#mailbox, all);
    const before = Promise.allSettled(this.#others(likeness).map(({ given }) => given));
    const giving = before.then(give);
    const own: OnItsWay = { likeness, given: giving };
    this.#own = own;
    all.add(own);
    own.location = await giving;
    return own.location;
  }

  /** Where others of this likeness were put just now, so that a record may not say so yet. */
  placesOfOthers(likeness: string): readonly string[] {
    return this.#others(likeness).flatMap(({ location = [] }) => location);
  }

  /** Forgets the last message that was given: it is recorded by now, or never will be. */
  clear(): void {
    const all = byMailbox.get(this.#mailbox);
    if (this.#own !== undefined) all?.delete(this.#own);
    this.#own = undefined;
    if (all?.size === 0) byMailbox.delete(this.#mailbox);
  }

  #others(likeness: string): readonly OnItsWay[] {
    const all = [...(byMailbox.get(this.#mailbox) ?? [])];
    return all.filter((one) => one !== this.#own && one.likeness === likeness);
  }
}
