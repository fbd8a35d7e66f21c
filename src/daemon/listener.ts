import { createServer, type ServerResponse } from 'node:http';
import { MailError, messageOf } from '../errors.ts';
import { closing, listen, sendJson } from './control-server.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What the listener tells. */
export interface ListenerParts {
  /** Whether the daemon does its work, and what to say of it. */
  readonly health: () => { readonly alive: boolean; readonly body: object };
  /** Whether all accounts are well. */
  readonly accounts: () => { readonly well: boolean; readonly body: object };
  /** In the text format of Prometheus. */
  readonly metrics: () => string;
}

const LOCAL_NAMES = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1)(:\d+)?$/;

/**
 * Listens for `GET /health`, `GET /health/accounts` and `GET /metrics`. At an address of this machine alone, whoever
 * asks under another name is turned away: a web page could have sent a browser here.
 */
export async function openListener(
  { host, port }: ListenAddress,
  parts: ListenerParts,
): Promise<AsyncDisposable & { readonly port: number }> {
  const isLocal = LOCAL_NAMES.test(host);
  const server = createServer((request, response) => {
    const named = request.headers.host ?? '';
    if (isLocal && !LOCAL_NAMES.test(named)) return sendJson(response, 403, { error: 'unknown host name' });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, { error: 'only GET' });
    }
    answer(request.url ?? '/', response, parts);
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  try {
    await listen(server, { host, port });
  } catch (cause) {
    throw new MailError('config', `Cannot listen at ${host}:${port}: ${messageOf(cause)}.`, {
      cause,
      hint: 'Choose another address for "monitoring.listen".',
    });
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return { port: bound, ...closing(server) };
}

function answer(url: string, response: ServerResponse, { health, accounts, metrics }: ListenerParts): void {
  switch (url.replace(/\?.*$/s, '')) {
    case '/health': {
      const { alive, body } = health();
      return sendJson(response, alive ? 200 : 503, body);
    }
    case '/health/accounts': {
      const { well, body } = accounts();
      return sendJson(response, well ? 200 : 503, body);
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(metrics());
      return;
    default:
      return sendJson(response, 404, { error: 'only /health, /health/accounts and /metrics' });
  }
}
