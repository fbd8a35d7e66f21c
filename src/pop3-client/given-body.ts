import type { Connection } from '../wire/connection.ts';
import { WireError } from '../wire/errors.ts';
import { AUTOLOGOUT_MS } from '../wire/limits.ts';
import type { PassTurn } from './pipeline.ts';

/** The octets of a message in blocks as they arrive. It must be read to its end before the next reply can be. */
export type MessageBody = AsyncIterable<Buffer>;

/** What is given, and how many octets had been read of the line when that was last looked at. */
interface Given {
  readonly during: string;
  readonly passTurn: PassTurn;
  taken: number;
}

/**
 * The body that a session has given and that is not read to its end: one at most, since the next reply is not read before. When
 * nothing is read of it for ten minutes it ends the session.
 */
export class GivenBody {
  readonly #connection: Connection;
  #given: Given | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    // Whoever waits behind a body that nobody will read hears that the session has ended.
    connection.onBroken(() => this.#given?.passTurn());
  }

  /** Gives the body that begins to arrive; its end is the end of its turn. */
  give(during: string, passTurn: PassTurn): MessageBody {
    const given = { during, passTurn, taken: this.#connection.takenOctets };
    this.#given = given;
    this.#timer ??= setTimeout(() => this.#look(), AUTOLOGOUT_MS).unref();
    this.#timer.refresh();
    let blocks: AsyncIterator<Buffer> | undefined;
    const onEnd = (): void => {
      if (this.#given === given) this.#given = undefined;
      passTurn();
    };
    return {
      [Symbol.asyncIterator]: () => {
        blocks ??= this.#connection.multiline(during, onEnd);
        return blocks;
      },
    };
  }

  /** Nobody looks after it any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#given === undefined) return;
    const { isAwaited, takenOctets } = this.#connection;
    if (!isAwaited && takenOctets === this.#given.taken) {
      this.#connection.break(unread(this.#given.during));
      return;
    }
    this.#given.taken = takenOctets;
    this.#timer?.refresh();
  }
}

function unread(during: string): WireError {
  return new WireError('internal', `A response was not read for ten minutes while ${during}.`, {
    hint: 'Read each body that retr() and top() give, or close the session.',
  });
}
