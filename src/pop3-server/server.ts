import { createServer as createListener, type Server, type Socket } from 'node:net';
import { MailError } from '../errors.ts';
import { type Runtime, systemRuntime } from '../runtime.ts';
import { hostAndPort, withoutBrackets } from '../wire/address.ts';
import { describeSystemError } from '../wire/errors.ts';
import { AUTOLOGOUT_MS } from '../wire/limits.ts';
import { type Accounts, openAccounts } from './accounts.ts';
import { checkOptions } from './check-options.ts';
import type { Faults } from './faults.ts';
import { BACKLOG, openLimits } from './limits.ts';
import { MaildropLocks } from './locked-maildrop.ts';
import { LoginDelays } from './login-delays.ts';
import type { MemoryMaildrop } from './memory-maildrop.ts';
import { Observer } from './observer.ts';
import type { ServerOptions } from './options.ts';
import { openProfile } from './profile.ts';
import { Visitors } from './visitors.ts';
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
  /**
   * Stops listening and ends all sessions without UPDATE, except for those that have said QUIT: they get their answer.
   * Resolves when all is closed. A maildrop of yours that does not answer is waited for no longer than two seconds or so,
   * and is told of as `trouble`. Rejects, once all is closed, with what `observe` has raised first; once only.
   */
  close(): Promise<void>;
}

/**
 * Starts a POP3 server (RFC 1939); resolves when it can be reached. Rejects with a `MailError` whose code is `config`
 * where an option is wrong or unknown, also a user or a fault, or where it cannot listen; nothing is left running then.
 */
export async function createServer(
  options: ServerOptions,
  runtime: Runtime = systemRuntime,
): Promise<Pop3Server> {
  checkOptions(options);
  const {
    host = '127.0.0.1',
    port = 0,
    tls,
    tlsPort,
    tlsHost = host,
    requireTls = false,
    clientCa,
    observe,
    autologoutMs = AUTOLOGOUT_MS,
  } = options;
  const profile = openProfile(options);
  const accounts = await openAccounts(options.users, profile, runtime);
  const limits = openLimits(options.limits);
  const observer = observe && new Observer(observe);
  const visitors = new Visitors(
    {
      users: accounts.users,
      locks: new MaildropLocks(profile.locks),
      profile,
      loginDelays: new LoginDelays(profile.loginDelaySeconds, runtime),
      runtime,
      requireTls,
      maxBadCommands: limits.badCommands,
      failedLogins: { most: limits.failedLogins, delayMs: limits.failedLoginDelayMs },
      observer,
      wrapTls: tls === undefined ? undefined : tlsWrapper({ tls, clientCa, runtime }),
    },
    { ...limits, autologoutMs },
  );
  visitors.setFaults(options.faults ?? []);
  const listeners: Server[] = [];
  try {
    listeners.push(
      await listen({ host: withoutBrackets(host), port }, (socket) => visitors.receive(socket, false)),
    );
    if (tlsPort !== undefined) {
      const address = { host: withoutBrackets(tlsHost), port: tlsPort };
      listeners.push(await listen(address, (socket) => visitors.receive(socket, true)));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return running({ listeners, visitors, accounts, observer });
}

interface Parts {
  readonly listeners: readonly Server[];
  readonly visitors: Visitors;
  readonly accounts: Accounts;
  readonly observer: Observer | undefined;
}

function running({ listeners, visitors, accounts, observer }: Parts): Pop3Server {
  const [address, tlsAddress] = listeners.map(addressOf);
  if (address === undefined) throw new MailError('internal', 'The server listens nowhere.');
  const close = async (): Promise<void> => {
    const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
    await visitors.dismiss();
    await Promise.all(closed);
    observer?.raiseOnce();
  };
  return {
    address,
    tlsAddress,
    maildrop(user) {
      const maildrop = accounts.inMemory.get(user);
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

function listen(address: ServerAddress, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Half-open, so that a client that says all it has to say and closes its side still gets its answers.
    const listener = createListener({ allowHalfOpen: true, noDelay: true }, onConnection);
    listener.once('error', (cause) => {
      const where = hostAndPort(address.host, address.port);
      reject(
        new MailError('config', `Cannot listen on ${where}: ${describeSystemError(cause)}.`, {
          cause,
          hint: 'Choose another address or port; 0 is any free port.',
        }),
      );
    });
    listener.listen({ ...address, backlog: BACKLOG }, () => {
      // Later errors are about one connection that could not be accepted, for want of file descriptors say.
      listener.removeAllListeners('error');
      listener.on('error', () => undefined);
      resolve(listener);
    });
  });
}

function addressOf(listener: Server): ServerAddress {
  const address = listener.address();
  if (typeof address !== 'object' || address === null)
    throw new MailError('internal', 'The listener has no address.');
  return { host: address.address, port: address.port };
}
