import { createServer, type Server, type Socket } from 'node:net';
import { SocketOctets } from './socket-octets.ts';

/** One connection of a raw peer: exact octets in both directions. */
export class PeerLine {
  readonly #socket: Socket;
  readonly #received: SocketOctets;
  #taken = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#received = new SocketOctets(socket);
  }

  /** All octets that have come so far, as latin1. */
  get received(): string {
    return this.#received.octets.toString('latin1');
  }

  /** Sends octets as they are; resolves when the system has taken them. */
  send(octets: string | Uint8Array): Promise<void> {
    const data = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    return new Promise((resolve) => this.#socket.write(data, () => resolve()));
  }

  /** The next line, without its line end; undefined when the other side has closed. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#received.octets.indexOf('\n', this.#taken);
      if (end >= 0) {
        const line = this.#received.octets.toString('latin1', this.#taken, end).replace(/\r$/, '');
        this.#taken = end + 1;
        return line;
      }
      if (this.#received.ended) return undefined;
      await this.#received.more();
    }
  }

  /** Resolves when so many octets in all have come, or the other side has closed. */
  async have(octets: number): Promise<void> {
    while (this.#received.octets.length < octets && !this.#received.ended) await this.#received.more();
  }

  /** Resolves when the other side has closed. */
  async closed(): Promise<void> {
    while (!this.#received.ended) await this.#received.more();
  }

  /** Reads no more, so that the other side has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes this side properly. */
  end(): void {
    this.#socket.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

export interface RawPeer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The lines to it, in order. */
  readonly lines: readonly PeerLine[];
}

/**
 * A TCP server that follows a script on each connection, octet by octet: for what the included server cannot say.
 * When the script ends, the connection is closed.
 */
export async function rawPeer(script: (line: PeerLine, ordinal: number) => Promise<void>): Promise<RawPeer> {
  const lines: PeerLine[] = [];
  const sockets = new Set<Socket>();
  const scripts: Promise<void>[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const line = new PeerLine(socket);
    lines.push(line);
    scripts.push(script(line, lines.length).finally(() => socket.end()));
  });
  const port = await listening(server);
  return {
    host: '127.0.0.1',
    port,
    lines,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await Promise.all(scripts);
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** What a scripted POP3 server says to a command line; undefined: nothing. */
export type Answer = (command: string, line: PeerLine) => string | Buffer | undefined;

/** A script that greets and answers each command line; it says goodbye to QUIT unless `answer` does. */
export function answering(
  answer: Answer,
  greeting = '+OK ready\r\n',
): (line: PeerLine, ordinal: number) => Promise<void> {
  return async (line) => {
    await line.send(greeting);
    for (let command = await line.line(); command !== undefined; command = await line.line()) {
      const reply = answer(command, line);
      if (reply !== undefined) await line.send(reply);
      else if (command === 'QUIT') {
        await line.send('+OK bye\r\n');
        return;
      }
    }
  };
}
