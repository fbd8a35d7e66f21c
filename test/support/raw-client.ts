import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SocketOctets } from './socket-octets.ts';

export interface RawClientOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first octet, trusting this authority. */
  readonly ca?: string;
  /** With `ca`: what the client shows of itself. */
  readonly own?: { readonly key: string; readonly cert: string };
}

/** A client that sends exact octets and shows exact octets: it knows where lines end, and nothing more. */
export class RawClient implements AsyncDisposable {
  #socket: Socket;
  #received: SocketOctets;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#received = new SocketOctets(socket);
  }

  /** Sends octets as they are; text as latin1. */
  send(octets: string | Uint8Array): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** Sends a line and gives the first line of the reply. */
  command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.line();
  }

  /** Sends a line and gives the whole reply as text: a multi-line one to its end, unless it is an error. */
  async multiline(line: string): Promise<string> {
    const status = await this.command(line);
    if (!status.startsWith('+OK')) return status;
    return `${status}\r\n${(await this.body()).toString('latin1')}`;
  }

  /** The next line, without its CRLF. */
  async line(): Promise<string> {
    return (await this.#until('\r\n')).toString('latin1').slice(0, -2);
  }

  /** The octets up to and with the end of a multi-line response, as they are on the wire. */
  async body(): Promise<Buffer> {
    await this.#have(3);
    if (this.#received.octets.subarray(0, 3).equals(Buffer.from('.\r\n'))) return this.#received.take(3);
    return this.#until('\r\n.\r\n');
  }

  /** Exactly so many octets. */
  async octets(count: number): Promise<Buffer> {
    await this.#have(count);
    return this.#received.take(count);
  }

  /** All that comes until the other side closes the connection. */
  async rest(): Promise<Buffer> {
    while (!this.#received.ended) await this.#received.more();
    return this.#received.take(this.#received.octets.length);
  }

  /** Resolves when more has come, or the other side has closed. */
  arrival(): Promise<void> {
    return this.#received.more();
  }

  /** Octets that have come and were not taken. */
  get held(): number {
    return this.#received.octets.length;
  }

  /** USER and PASS; the last reply. */
  async logIn(user = 'alice', password = 'secret'): Promise<string> {
    await this.command(`USER ${user}`);
    return this.command(`PASS ${password}`);
  }

  /** Begins TLS on this connection; what came before and was not read is dropped. */
  async startTls(ca: string): Promise<void> {
    this.#socket.removeAllListeners();
    const secured = connectTls({ socket: this.#socket, ca, host: 'localhost', servername: 'localhost' });
    this.#socket = secured;
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('error', reject);
    });
    this.#received = new SocketOctets(secured);
  }

  /** Stops reading, so that the server has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#socket.end();
  }

  /** Drops the connection at once. */
  drop(): void {
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }

  async #until(end: string): Promise<Buffer> {
    let from = 0;
    for (;;) {
      const found = this.#received.octets.indexOf(end, from);
      if (found >= 0) return this.#received.take(found + end.length);
      from = Math.max(0, this.#received.octets.length - end.length);
      await this.#moreOrFail();
    }
  }

  async #have(count: number): Promise<void> {
    while (this.#received.octets.length < count) await this.#moreOrFail();
  }

  async #moreOrFail(): Promise<void> {
    if (this.#received.ended) {
      throw new Error(
        `The server closed the connection after ${JSON.stringify(this.#received.octets.toString('latin1'))}`,
      );
    }
    await this.#received.more();
  }
}

/** Connects; the greeting is still to be read. */
export function rawClient({ host, port, ca, own }: RawClientOptions): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket: Socket =
      ca === undefined
        ? connect({ host, port, allowHalfOpen: true })
        : connectTls({ host, port, ca, servername: 'localhost', ...own });
    socket.once('error', reject);
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () => {
      socket.off('error', reject);
      resolve(new RawClient(socket));
    });
  });
}

/** Connects and reads the greeting. */
export async function greetedClient(options: RawClientOptions): Promise<RawClient> {
  const client = await rawClient(options);
  await client.line();
  return client;
}

/** Connects and logs in as alice. */
export async function loggedInClient(options: RawClientOptions): Promise<RawClient> {
  const client = await greetedClient(options);
  const reply = await client.logIn();
  if (!reply.startsWith('+OK')) throw new Error(`The login was refused: ${reply}`);
  return client;
}
