import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

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
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
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
    if (this.#received.subarray(0, 3).equals(Buffer.from('.\r\n'))) return this.#take(3);
    return this.#until('\r\n.\r\n');
  }

  /** Exactly so many octets. */
  async octets(count: number): Promise<Buffer> {
    await this.#have(count);
    return this.#take(count);
  }

  /** All that comes until the other side closes the connection. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.#take(this.#received.length);
  }

  /** Resolves when more has come, or the other side has closed. */
  arrival(): Promise<void> {
    return this.#more();
  }

  /** Octets that have come and were not taken. */
  get held(): number {
    return this.#received.length;
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
    this.#received = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('error', reject);
    });
    this.#listen(secured);
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

  #listen(socket: Socket): void {
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('data', (block: Buffer) => {
      this.#received = Buffer.concat([this.#received, block]);
      this.#wake();
    });
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  async #until(end: string): Promise<Buffer> {
    let from = 0;
    for (;;) {
      const found = this.#received.indexOf(end, from);
      if (found >= 0) return this.#take(found + end.length);
      from = Math.max(0, this.#received.length - end.length);
      await this.#moreOrFail();
    }
  }

  async #have(count: number): Promise<void> {
    while (this.#received.length < count) await this.#moreOrFail();
  }

  async #moreOrFail(): Promise<void> {
    if (this.#ended) {
      throw new Error(
        `The server closed the connection after ${JSON.stringify(this.#received.toString('latin1'))}`,
      );
    }
    await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
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
