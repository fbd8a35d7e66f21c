import { createServer as createListener, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asMailError, MailError } from '../errors.ts';
import { connectionLost, describeSystemError } from '../wire/errors.ts';
import { AUTOLOGOUT_MS } from '../wire/limits.ts';
import { type Accounts, openAccounts } from './accounts.ts';
import { ClientLine } from './client-line.ts';
import type { Faults } from './faults.ts';
import { MaildropLocks } from './locked-maildrop.ts';
import type { MemoryMaildrop } from './memory-maildrop.ts';
import type { ServerOptions } from './options.ts';
import { parseFaults } from './parse-faults.ts';
import { scriptSession } from './scripted-session.ts';
import { Session, type SessionSettings } from './session.ts';
import { tlsWrapper } from './wrap-tls.ts';

/** Where a listener can be reached. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A running server. */
export interface Pop3Server extends AsyncDisposable {
  /** The plain listener. */
  readonly address: ServerAddress;
  /** The listener with implicit TLS, where `tlsPort` was given. */
  readonly tlsAddress: ServerAddress | undefined;
  /** The maildrop of a user with `messages`, to look into and to add to. Raises `usage` for anybody else. */
  maildrop(user: string): MemoryMaildrop;
  /** Other faults for the sessions that begin from now on; `sessions` in them counts from here. Raises `config`. */
  setFaults(faults: Faults): void;
  /** Stops listening and ends all sessions without UPDATE; resolves when all is closed. */
  close(): Promise<void>;
}

/**
 * Starts a POP3 server (RFC 1939); resolves when it can be reached. Raises `config` when an option is wrong or an
 * address cannot be had.
 */
export async function createServer(options: ServerOptions): Promise<Pop3Server> {
  const { host = '127.0.0.1', port = 0, tls, tlsPort, tlsHost = host, requireTls = false } = options;
  if (tls === undefined && (requireTls || tlsPort !== undefined)) {
    throw new MailError('config', 'TLS needs a key and a certificate.', { hint: 'Give them with "tls".' });
  }
  const accounts = openAccounts(options.users);
  const visitors = new Visitors(
    {
      users: accounts.users,
      locks: new MaildropLocks(),
      hidden: (options.without ?? []).map((name) => name.toUpperCase()),
      requireTls,
      observe: options.observe ?? (() => undefined),
      wrapTls: tls === undefined ? undefined : tlsWrapper(tls),
    },
    options.autologoutMs ?? AUTOLOGOUT_MS,
  );
  visitors.setFaults(options.faults ?? []);
  const listeners: Server[] = [];
  try {
    listeners.push(await listen({ host, port }, (socket) => visitors.receive(socket, false)));
    if (tlsPort !== undefined) {
      const address = { host: tlsHost, port: tlsPort };
      listeners.push(await listen(address, (socket) => visitors.receive(socket, true)));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return running(listeners, visitors, accounts);
}

function running(listeners: readonly Server[], visitors: Visitors, { inMemory }: Accounts): Pop3Server {
  const [address, tlsAddress] = listeners.map(addressOf);
  if (address === undefined) throw new MailError('internal', 'The server listens nowhere.');
  const close = async (): Promise<void> => {
    const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
    await visitors.dismiss();
    await Promise.all(closed);
  };
  return {
    address,
    tlsAddress,
    maildrop(user) {
      const maildrop = inMemory.get(user);
      if (maildrop !== undefined) return maildrop;
      throw new MailError('usage', `There is no maildrop in memory for "${user}".`, {
        hint: 'Give the user "messages", or ask the maildrop that you gave.',
      });
    },
    setFaults: (faults) => visitors.setFaults(faults),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Everybody who is connected, from the first octet to the last. */
class Visitors {
  readonly #settings: SessionSettings;
  readonly #autologoutMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #visits = new Set<Promise<void>>();
  #faults: Faults = [];
  #faultyFrom = 0;
  #received = 0;

  constructor(settings: SessionSettings, autologoutMs: number) {
    this.#settings = settings;
    this.#autologoutMs = autologoutMs;
  }

  setFaults(faults: Faults): void {
    this.#faults = parseFaults(faults);
    this.#faultyFrom = this.#received;
  }

  receive(socket: Socket, implicitTls: boolean): void {
    // Whoever uses the connection learns of the error; without a listener here it could end the process.
    socket.on('error', () => undefined);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const visit = this.#visit(socket, implicitTls).finally(() => this.#visits.delete(visit));
    this.#visits.add(visit);
  }

  /** Ends all sessions at once; resolves when their locks are free and their connections gone. */
  async dismiss(): Promise<void> {
    for (const session of this.#sessions) session.end(connectionLost('the server was closing'));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#visits);
  }

  async #visit(socket: Socket, implicitTls: boolean): Promise<void> {
    this.#received += 1;
    const number = this.#received;
    const ordinal = number - this.#faultyFrom;
    const faults = this.#faults;
    const { wrapTls, observe } = this.#settings;
    let transport: Duplex = socket;
    try {
      if (implicitTls && wrapTls !== undefined) transport = await wrapTls(socket);
    } catch (error) {
      observe({ kind: 'closed', session: number, error: asMailError(error) });
      return;
    }
    const line = new ClientLine(transport, { autologoutMs: this.#autologoutMs, secure: implicitTls });
    const misbehaviour = scriptSession(faults, ordinal, line);
    const session = new Session(this.#settings, { line, number, misbehaviour });
    this.#sessions.add(session);
    await session.run();
    this.#sessions.delete(session);
  }
}

function listen(address: ServerAddress, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Half-open, so that a client that says all it has to say and closes its side still gets its answers.
    const listener = createListener({ allowHalfOpen: true, noDelay: true }, onConnection);
    listener.once('error', (cause) => {
      const where = `${address.host}:${address.port}`;
      reject(
        new MailError('config', `Cannot listen on ${where}: ${describeSystemError(cause)}.`, {
          cause,
          hint: 'Choose another address or port; 0 is any free port.',
        }),
      );
    });
    listener.listen(address.port, address.host, () => resolve(listener));
  });
}

function addressOf(listener: Server): ServerAddress {
  const address = listener.address();
  if (typeof address !== 'object' || address === null)
    throw new MailError('internal', 'The listener has no address.');
  return { host: address.address, port: address.port };
}
