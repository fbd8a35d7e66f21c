import { asMailError } from '../../errors.ts';
import { PartlyDelivered, type Receipt } from '../destination.ts';
import { destinationName, type MailServerSettings, type RecipientsByHeader } from '../settings.ts';
import type { Taken, Taker } from './handed-over.ts';
import { type Answer, isForGood, isTaken, type Offer, type Offered, refusedFor, saidBy } from './offer.ts';
import { recipientsOf } from './recipients.ts';
import type { Spool } from './spool.ts';

/** A mail server, and by what the recipients of each message are told. */
type MultidropSettings = MailServerSettings & { readonly to: RecipientsByHeader };

/** Offers a message to the server; raises as a delivery does. */
type Offering = (offered: Offered) => Promise<Offer>;

/**
 * Gives each message to those whom its header names, in one transaction where the server takes it for all of them. What it
 * refuses for good to one of them goes to `otherwise`. Where it refuses one for now at RCPT, nothing is sent: the message comes
 * with the next poll. Who has it all the same, as LMTP answers for each, is told by the receipts of a `PartlyDelivered`, and gets
 * it no second time.
 */
export function multidrop(settings: MultidropSettings, offer: Offering): Taker {
  const take: Taker['take'] = async (spool, file, { have = [] }) => {
    const { to, astray } = recipientsOf(spool.start, settings.to, spool.isStartWhole);
    const round = new Round(settings, spool, have);
    for (const reason of astray) round.goesAstray(reason);
    let lacking = round.without(to);
    while (lacking.length > 0) {
      const offered = await offer({ to: lacking, spool, file }).catch((error: unknown) => round.raise(error));
      lacking = round.next(offered);
    }
    return round.end();
  };
  return { take };
}

/** What becomes of one message, from offer to offer. */
class Round {
  readonly #settings: MultidropSettings;
  readonly #spool: Spool;
  readonly #have: readonly string[];
  readonly #takers: Answer[] = [];
  readonly #later: Answer[] = [];
  readonly #reasons: string[] = [];

  constructor(settings: MultidropSettings, spool: Spool, have: readonly string[]) {
    this.#settings = settings;
    this.#spool = spool;
    this.#have = have;
  }

  /** Those who have not got it, neither now nor in an earlier poll. */
  without(recipients: readonly string[]): readonly string[] {
    const takers = new Set(this.#takers.map(({ recipient }) => recipient));
    return [...new Set(recipients)].filter(
      (one) => !takers.has(one) && !this.#have.includes(this.#nameOf(one)),
    );
  }

  goesAstray(reason: string): void {
    this.#reasons.push(reason);
  }

  /** To whom the message is to be offered next; raises where nothing may be sent. */
  next({ isSent, answers, failure }: Offer): readonly string[] {
    const { otherwise } = this.#settings.to;
    const refused = answers.filter((one) => (isSent ? !isTaken(one) : !one.text.startsWith('2')));
    const forNow = refused.filter((one) => !isForGood(one));
    const forGood = refused.filter(isForGood);
    if (isSent) {
      this.#takers.push(...answers.filter(isTaken));
      this.#later.push(...forNow);
      if (failure !== undefined) this.raise(failure);
    } else if (forNow[0] !== undefined) this.raise(refusedFor(forNow[0], this.#settings));
    const last = forGood.find(({ recipient }) => recipient === otherwise);
    if (last !== undefined) this.raise(refusedFor(last, this.#settings));
    for (const one of forGood) this.goesAstray(`${one.recipient} is refused: ${saidBy(one)}`);
    const others = isSent ? [] : answers.filter((one) => !refused.includes(one));
    const instead = forGood.length > 0 && !this.#later.some(({ recipient }) => recipient === otherwise);
    return this.without([...others.map(({ recipient }) => recipient), ...(instead ? [otherwise] : [])]);
  }

  end(): Taken {
    const [later] = this.#later;
    if (later !== undefined) this.raise(refusedFor(later, this.#settings));
    const { otherwise } = this.#settings.to;
    const answers = this.#takers.map((one) => `${one.recipient}: ${saidBy(one)}`);
    const remark = `A copy went to ${otherwise}, as ${this.#reasons.join(', and ')}.`;
    return {
      location: answers.length === 0 ? 'taken before' : answers.join('; '),
      remark: this.#reasons.length === 0 ? undefined : remark,
    };
  }

  /** Raises what keeps the others from it, and tells who has it. */
  raise(error: unknown): never {
    if (this.#takers.length === 0) throw error;
    const receipts = this.#takers.map((one) => this.#receiptOf(one));
    throw new PartlyDelivered(asMailError(error), receipts);
  }

  #receiptOf(answer: Answer): Receipt {
    const { octets, sha256 } = this.#spool;
    return { destination: this.#nameOf(answer.recipient), location: saidBy(answer), octets, sha256 };
  }

  /** As that of a destination which has but this one recipient. */
  #nameOf(recipient: string): string {
    return destinationName({ ...this.#settings, to: recipient });
  }
}
