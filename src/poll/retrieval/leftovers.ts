import type { Receipt } from '../../delivery/destination.ts';
import { readOnly } from '../../delivery/read-only.ts';
import { tagFor } from '../identity.ts';
import { MAX_OCCURRENCES } from '../limits.ts';
import type { Poll } from '../poll.ts';

/**
 * What an interrupted poll may have left of messages without a unique-id of their own: they could not be looked for
 * before their content was known (I3). Each is given away once.
 */
export class Leftovers {
  readonly #poll: Poll;
  readonly #tags: Set<string>;

  private constructor(poll: Poll, tags: Set<string>) {
    this.#poll = poll;
    this.#tags = tags;
  }

  /**
   * Looks once for all tags that stand at the destinations: before anything is delivered, since what this session
   * delivers was not left. Without an interrupted poll nothing was, and nothing is looked at.
   */
  static async lookFor(poll: Poll): Promise<Leftovers> {
    const { interrupted, account, destinations, ledger } = poll;
    const tags = new Set<string>();
    if (!interrupted) return new Leftovers(poll, tags);
    for (const { name } of destinations) for (const { tag } of ledger.openIntents(name)) tags.add(tag);
    for (const settings of account.destinations)
      for (const tag of await readOnly(settings, ledger, account.name).tags()) tags.add(tag);
    return new Leftovers(poll, tags);
  }

  /** Whether anything may have been left. */
  get some(): boolean {
    return this.#tags.size > 0;
  }

  /**
   * Where in each destination the message of this content stands that was delivered under this tag. What a record stands for
   * already (an equal message in an mbox, whatever has that name in a Maildir) is left out: one copy for two messages would
   * have the second one deleted as carried (I1).
   */
  async take(tag: string, sha256: string): Promise<readonly Receipt[]> {
    if (!this.#tags.delete(tag)) return [];
    const { ledger, destinations } = this.#poll;
    const known = ledger.withContent(sha256).flatMap(({ id }) => ledger.receiptsOf(id));
    const left: Receipt[] = [];
    for (const destination of destinations) {
      const taken = destination.hasNames ? ledger.taken(destination.name) : known;
      const recorded = new Set(taken.map(({ location }) => location));
      const intents = ledger.openIntents(destination.name).filter((intent) => intent.tag === tag);
      const found = await destination.recover({ tags: new Set([tag]), recorded, intents });
      const receipt = found.get(tag)?.receipt;
      if (receipt !== undefined && !known.some((one) => isSamePlace(one, receipt))) left.push(receipt);
    }
    return left;
  }

  /** The same for a message that has a unique-id now, and had none when it was delivered. */
  async takeNameless(sha256: string): Promise<readonly Receipt[]> {
    const { account } = this.#poll;
    for (let occurrence = 0; occurrence < MAX_OCCURRENCES; occurrence += 1) {
      const tag = tagFor({ account: account.name, uid: undefined, sha256, occurrence });
      const left = await this.take(tag, sha256);
      if (left.length > 0) return left;
    }
    return [];
  }
}

function isSamePlace(one: Receipt, other: Receipt): boolean {
  return one.destination === other.destination && one.location === other.location;
}
