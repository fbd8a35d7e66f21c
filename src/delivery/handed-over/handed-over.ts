import type { FileHandle } from 'node:fs/promises';
import { asMailError, MailError } from '../../errors.ts';
import {
  type Destination,
  type Draft,
  type Envelope,
  PartlyDelivered,
  type Receipt,
  type Recovered,
  type StoredMessage,
  type StoredState,
} from '../destination.ts';
import { deliveryFailed } from '../errors.ts';
import { Spool, type SpoolLineEndings } from './spool.ts';

/** Somebody who takes messages over, and answers for them from then on. */
export interface Taker {
  /**
   * Gives it a message. Resolves to what the receipt calls its place. Raises `MessageNotTaken` where only this message is refused,
   * `NoneTaken` where that may be so, and otherwise what keeps every message from being taken; in a `PartlyDelivered` where some of
   * several recipients have it all the same.
   */
  take(spool: Spool, file: FileHandle, envelope: Envelope): Promise<string | Taken>;
  /** It may have taken messages that are not recorded: those are looked for before they are given to it again, where that can be done. */
  doubt?(lately: boolean): void;
  /** As `Destination.inspect`, where it lets itself be looked at. */
  inspect?(receipts: Iterable<Receipt>): AsyncIterable<StoredState>;
  /** Gives up a message that is under way, where it can be looked for afterwards. */
  abandon?(): void;
  /** Ends what was begun with it. */
  close?(): Promise<void>;
}

/** A message that was taken, and what there is to be said of that. */
export type Taken = Pick<Receipt, 'location' | 'remark'>;

/** Whoever takes mail over does not take this message; others may be taken. */
export class MessageNotTaken extends MailError {
  /** Whether it may be taken later as it is: then it is tried again without end. */
  readonly isForNow: boolean;

  constructor(message: string, { hint, isForNow = false }: NotTaken) {
    super(isForNow ? 'destination-locked' : 'message-refused', message, { hint });
    this.isForNow = isForNow;
  }
}

interface NotTaken {
  readonly hint: string;
  /** Default: no. */
  readonly isForNow?: boolean;
}

/**
 * Whoever takes mail over has failed at this message: no other is handed over in this poll. Since it may have been for this
 * message, the next poll tries it last.
 */
export class NoneTaken extends MailError {}

/** As `NoneTaken`; the message may have been taken all the same, and whoever failed can tell when asked again. */
export class MaybeTaken extends NoneTaken {}

/** So many in a row say something of whoever refuses them, and nothing of the messages. */
const REFUSED_IN_A_ROW = 10;

/** What a destination of this kind is made of. */
export interface HandingOver {
  /** As `destinationName` gives it. */
  readonly name: string;
  readonly lineEndings: SpoolLineEndings;
  /** A path where nothing is yet, for the file in which a message waits. */
  readonly spoolPath: () => string;
  readonly taker: Taker;
}

/**
 * A destination that takes mail over for good: most of them never show what becomes of it. Messages are handed over one after
 * the other, each once it has come whole. A process that is killed between that and the record hands the message over again
 * (I3).
 */
export class HandedOver implements Destination {
  readonly name: string;
  readonly hasNames = false;
  readonly isReadable = false;
  readonly #parts: HandingOver;
  #last: Promise<unknown> = Promise.resolve();
  #refusedInARow = 0;
  /** Why none is taken any more: whoever waits would only wait in vain, each for the longest time. */
  #failure: MailError | undefined;

  constructor(parts: HandingOver) {
    this.name = parts.name;
    this.#parts = parts;
  }

  begin(): Draft {
    const { lineEndings, spoolPath } = this.#parts;
    const path = spoolPath();
    const spool = new Spool(path, lineEndings);
    const failed = (error: unknown): never => {
      throw deliveryFailed(path, error);
    };
    return {
      write: (block) => spool.write(block).catch(failed),
      commit: async (envelope) => {
        try {
          const taken = await this.#inTurn(async () =>
            this.#hand(spool, await spool.finish().catch(failed), envelope),
          );
          return { destination: this.name, ...taken, octets: spool.octets, sha256: spool.sha256 };
        } finally {
          await spool.close().catch(() => undefined);
        }
      },
      discard: () => spool.close(),
    };
  }

  /** Nothing is found there by its name. */
  recover(): Promise<ReadonlyMap<string, Recovered>> {
    this.doubt(false);
    return Promise.resolve(new Map());
  }

  doubt(lately: boolean): void {
    this.#parts.taker.doubt?.(lately);
  }

  messages(): AsyncIterable<StoredMessage> {
    return nothing();
  }

  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState> {
    return this.#parts.taker.inspect?.(receipts) ?? handedOver(receipts);
  }

  abandon(): void {
    this.#parts.taker.abandon?.();
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#parts.taker.close?.();
  }

  async #hand(spool: Spool, file: FileHandle, envelope: Envelope): Promise<Taken> {
    if (this.#failure !== undefined) {
      const { code, message, hint } = this.#failure;
      // It says nothing of this message.
      throw new MailError(code, message, { hint });
    }
    try {
      const taken = await this.#parts.taker.take(spool, file, envelope);
      this.#refusedInARow = 0;
      return typeof taken === 'string' ? { location: taken } : taken;
    } catch (error) {
      if (error instanceof PartlyDelivered)
        throw new PartlyDelivered(this.#failedWith(error.failure), error.receipts);
      throw this.#failedWith(error);
    }
  }

  /** What is raised of a failure, once it is clear whether it concerns the others. */
  #failedWith(error: unknown): MailError {
    if (error instanceof MessageNotTaken && this.#refusedInARow + 1 < REFUSED_IN_A_ROW) {
      this.#refusedInARow += 1;
      return error;
    }
    this.#failure = error instanceof MessageNotTaken ? tooManyRefused(error) : asMailError(error);
    return this.#failure;
  }

  /** One at a time and in order, as programs expect that change one file. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function tooManyRefused({ message, hint, isForNow }: MessageNotTaken): MailError {
  const code = isForNow ? 'destination-locked' : 'destination-unusable';
  return new NoneTaken(code, `${message} So it was with ${REFUSED_IN_A_ROW} in a row.`, { hint });
}

/** What has become of messages that were handed over: nobody here can tell. */
export async function* handedOver(receipts: Iterable<Receipt>): AsyncGenerator<StoredState, void, undefined> {
  for (const _ of receipts) yield 'handed-over';
}

/** No messages. */
export async function* nothing(): AsyncGenerator<never, void, undefined> {
  // What is handed over does not stand anywhere.
}
