import type { Duplex } from 'node:stream';
import { atEndOfStep } from './event-loop.ts';

/** The sending half of a connection: lines, several of them together where that is wanted, and octets as they are. */
export class Outbound {
  readonly #socket: Duplex;
  /** Lines that go out together at the end of this turn of the event loop. */
  #gathered: string | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Sends a line (latin1), with its line end, at once or with those that are gathered. */
  sendLine(line: string): void {
    if (this.#gathered === undefined) this.#socket.write(Buffer.from(line, 'latin1'));
    else this.#gathered += line;
  }

  /** Lets the lines that are sent in this turn of the event loop go out in one call and few packets. */
  gather(): void {
    if (this.#gathered !== undefined) return;
    this.#gathered = '';
    atEndOfStep(() => this.flush());
  }

  /** Sends what is gathered. */
  flush(): void {
    const lines = this.#gathered ?? '';
    this.#gathered = undefined;
    if (lines !== '') this.#socket.write(Buffer.from(lines, 'latin1'));
  }

  /** Forgets what is gathered: the connection is over. */
  drop(): void {
    this.#gathered = undefined;
  }

  /** Sends octets behind what is gathered. Resolves when more may be sent, or to false where the socket has gone. */
  async send(octets: Uint8Array): Promise<boolean> {
    this.flush();
    const socket = this.#socket;
    if (socket.write(octets)) return true;
    // A socket that has gone drains no more, and may have said so already.
    if (socket.destroyed) return false;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve(!socket.destroyed);
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }
}
