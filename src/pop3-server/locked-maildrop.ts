import type { DropListing, MessageNumber, Octets } from '../pop3/types.ts';
import type { Maildrop, ReportTrouble, StoredMessage } from './maildrop.ts';
import { listMessages } from './trusted-maildrop.ts';

/** What LIST and UIDL say about a message. */
export interface ListedAs {
  readonly octets: Octets;
  readonly uid: string;
}

/** A message under the number that it has in this session. */
export interface NumberedMessage extends ListedAs {
  readonly number: MessageNumber;
  readonly stored: StoredMessage;
}

export interface OpenOptions {
  /** Learns which messages are not listed, and why. */
  readonly report: ReportTrouble;
  /** May change what is said about a message. */
  readonly listedAs?: ((truth: ListedAs, number: number) => ListedAs) | undefined;
}

/** The exclusive-access locks of one server (RFC 1939 §4): one session at a time has a maildrop, if `exclusive`. */
export class MaildropLocks {
  readonly #exclusive: boolean;
  readonly #held = new Set<Maildrop>();

  constructor(exclusive: boolean) {
    this.#exclusive = exclusive;
  }

  /**
   * Takes the lock and lists the maildrop; undefined when another session has it. Rejects, without the lock, when the maildrop
   * cannot be listed, by `UnfitListing` where it lists what cannot be sent.
   */
  async open(
    maildrop: Maildrop,
    { report, listedAs = (truth) => truth }: OpenOptions,
  ): Promise<LockedMaildrop | undefined> {
    if (this.#exclusive && this.#held.has(maildrop)) return undefined;
    this.#held.add(maildrop);
    const release = (): void => void this.#held.delete(maildrop);
    try {
      const messages = (await listMessages(maildrop, report)).map((stored, index): NumberedMessage => {
        const { octets, uid } = listedAs(stored, index + 1);
        return { number: (index + 1) as MessageNumber, octets, uid, stored };
      });
      return new LockedMaildrop(maildrop, messages, release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

/**
 * A maildrop while one session has it: numbered messages, and deletion marks that become real only by `update`
 * (RFC 1939 §5, §6). A marked message is as good as gone; the numbers of the others stay.
 */
export class LockedMaildrop {
  readonly #maildrop: Maildrop;
  readonly #messages: readonly NumberedMessage[];
  readonly #release: () => void;
  readonly #marked = new Set<NumberedMessage>();
  readonly #retrieved = new Set<StoredMessage>();
  /** Of the messages that are not marked; kept up to date, so that STAT costs nothing in a large maildrop. */
  #octets = 0;
  #state: 'open' | 'updated' | 'released' = 'open';

  constructor(maildrop: Maildrop, messages: readonly NumberedMessage[], release: () => void) {
    this.#maildrop = maildrop;
    this.#messages = messages;
    this.#release = release;
    for (const { octets } of messages) this.#octets += octets;
  }

  /** The message of that number, unless there is none or it is marked. */
  message(number: MessageNumber): NumberedMessage | undefined {
    const message = this.#messages[number - 1];
    return message === undefined || this.#marked.has(message) ? undefined : message;
  }

  /** The messages that are not marked, in order. */
  *messages(): Generator<NumberedMessage, void, undefined> {
    for (const message of this.#messages) if (!this.#marked.has(message)) yield message;
  }

  /** Count and octets of the messages that are not marked. */
  dropListing(): DropListing {
    return { messages: this.#messages.length - this.#marked.size, octets: this.#octets };
  }

  /** Marks a message that is not marked. */
  mark(message: NumberedMessage): void {
    this.#marked.add(message);
    this.#octets -= message.octets;
  }

  unmarkAll(): void {
    for (const { octets } of this.#marked) this.#octets += octets;
    this.#marked.clear();
  }

  /** Notes that the client has got the whole message. */
  noteRetrieved({ stored }: NumberedMessage): void {
    this.#retrieved.add(stored);
  }

  /** The UPDATE state: removes what is marked, once. Rejects when some of it is still there. */
  async update(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'updated';
    if (this.#retrieved.size > 0) await this.#maildrop.retrieved?.([...this.#retrieved]);
    if (this.#marked.size > 0) await this.#maildrop.remove([...this.#marked].map(({ stored }) => stored));
  }

  /** Gives the lock back, once; without `update` before it, nothing was removed. */
  release(): void {
    if (this.#state === 'released') return;
    this.#state = 'released';
    this.#release();
  }
}
