import type { Socket } from 'node:net';
import { asMailError } from '../errors.ts';
import { hostAndPort } from './address.ts';
import { type DialOptions, dial } from './dial.ts';
import { describeSystemError, WireError } from './errors.ts';
import { endOfTurn } from './event-loop.ts';
import type { Proxy } from './proxy.ts';
import { printable } from './text.ts';

/** Connects by way of a proxy. Raises `unreachable`, which says whether the proxy or what is behind it is at fault. */
export async function dialThrough(proxy: Proxy, options: DialOptions): Promise<Socket> {
  const { signal } = options;
  const socket = await dial({ ...options, host: proxy.host, port: proxy.port }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw proxyUnreachable(error);
  });
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await (proxy.kind === 'socks5' ? askSocks(socket, proxy, options) : askHttp(socket, proxy, options));
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** SOCKS 5 with no authentication, or with user and password (RFC 1929). */
async function askSocks(socket: Socket, proxy: Proxy, { host, port }: DialOptions): Promise<void> {
  const { SocksClient } = await import('socks');
  const early: Buffer[] = [];
  const keep = (block: Buffer): void => void early.push(block);
  try {
    await SocksClient.createConnection({
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        ...(proxy.user === undefined ? {} : { userId: proxy.user, password: proxy.password?.reveal() ?? '' }),
      },
      command: 'connect',
      destination: { host, port },
      existing_socket: socket,
    });
  } catch (cause) {
    // The library's error holds its options, and they the password (I5): only its words are passed on.
    throw refused(proxy, host, port, cause instanceof Error ? cause.message : 'unknown');
  }
  // The greeting may have come in one segment with the proxy's reply: the library hands it on a moment later.
  socket.on('data', keep);
  await endOfTurn();
  socket.pause();
  socket.off('data', keep);
  if (early.length > 0) socket.unshift(Buffer.concat(early));
}

async function askHttp(socket: Socket, proxy: Proxy, { host, port }: DialOptions): Promise<void> {
  const { request } = await import('node:http');
  const target = hostAndPort(host, port);
  const password = proxy.password?.reveal() ?? '';
  const identity = Buffer.from(`${proxy.user ?? ''}:${password}`).toString('base64');
  /** What a proxy says may repeat what it was told (I5). */
  const withoutSecrets = (words: string): string =>
    [password, identity].filter(Boolean).reduce((text, secret) => text.replaceAll(secret, '***'), words);
  await new Promise<void>((resolve, reject) => {
    const asked = request({
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(proxy.user === undefined ? {} : { 'proxy-authorization': `Basic ${identity}` }),
      },
      createConnection: () => socket,
    });
    const fail = (why: string): void => reject(refused(proxy, host, port, why));
    asked.once('error', (cause) => fail(describeSystemError(cause)));
    asked.once('response', ({ statusCode }) => fail(`it answered with status ${statusCode ?? 0}`));
    asked.once('connect', ({ statusCode = 0, statusMessage = '' }, _socket, head) => {
      if (statusCode < 200 || statusCode > 299) return fail(`${statusCode} ${withoutSecrets(statusMessage)}`);
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    asked.end();
  });
}

function proxyUnreachable(error: unknown): WireError {
  const { message } = asMailError(error);
  return new WireError('unreachable', `The proxy does not answer: ${message}`, {
    cause: error,
    hint: 'Check "proxy", and that it runs.',
  });
}

function refused(proxy: Proxy, host: string, port: number, why: string): WireError {
  const where = hostAndPort(proxy.host, proxy.port);
  return new WireError(
    'unreachable',
    `The proxy ${where} did not connect to ${hostAndPort(host, port)}: ${printable(why)}.`,
    { hint: 'Check "proxy", its user and password, and whether it may connect to that host and port.' },
  );
}
