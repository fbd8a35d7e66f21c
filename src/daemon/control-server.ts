import { chmod, lstat, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { makeDirectory } from '../durable/fsync-directory.ts';
import { asMailError, ignoreMissing, MailError, messageOf } from '../errors.ts';
import { MAX_SOCKET_PATH_OCTETS, refused } from './control-protocol.ts';

/** More than the names of 10,000 accounts. */
const MAX_REQUEST_OCTETS = 1_000_000;

/** What somebody asks. */
export interface Asked {
  /** By name; none means all. */
  readonly accounts: readonly string[];
  readonly query: URLSearchParams;
  /** Says that nobody listens any more. */
  readonly gone: AbortSignal;
}

/** Answers one request; may write as long as it likes. */
export type Answer = (response: ServerResponse, asked: Asked) => Promise<void> | void;

/** What can be asked: by method and path, such as `GET /status`. */
export type Answers = Readonly<Record<string, Answer>>;

/**
 * Opens the socket that commands are taken from: HTTP over a socket in the file system that only its owner can use. The
 * caller must own the ledger, so that a socket that is already there must be that of a dead process. Raises a `MailError`.
 */
export async function openControlSocket(path: string, answers: Answers): Promise<AsyncDisposable> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_OCTETS) {
    throw new MailError('config', `The path of the control socket is too long for a socket: ${path}.`, {
      hint: `Set "controlSocket" to one of at most ${MAX_SOCKET_PATH_OCTETS} octets.`,
    });
  }
  try {
    await makeDirectory(dirname(path));
    await removeDeadSocket(path);
    const server = createServer((request, response) => void respond(request, response, answers));
    await listen(server, path);
    await chmod(path, 0o600);
    return closing(server);
  } catch (cause) {
    throw new MailError('config', `The control socket ${path} cannot be opened: ${messageOf(cause)}.`, {
      cause,
      hint: 'Set "controlSocket" to a path on a local disk that this user can write to.',
    });
  }
}

/** A path that was written by mistake must not cost a file. */
async function removeDeadSocket(path: string): Promise<void> {
  const there = await lstat(path).catch(ignoreMissing);
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error('something else has this name');
  await rm(path, { force: true });
}

/** Resolves when the server listens there; raises what the system says. */
export function listen(server: Server, where: string | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (typeof where === 'string') server.listen(where, listening);
    else server.listen(where, listening);
  });
}

/** Closes a server, and with it those who still listen to it. */
export function closing(server: Server): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends a whole answer as JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function respond(request: IncomingMessage, response: ServerResponse, answers: Answers): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort()).on('error', () => gone.abort());
  try {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://daemon');
    const answer = answers[`${request.method} ${pathname}`];
    if (answer === undefined) {
      throw new MailError('usage', `The daemon knows no "${request.method} ${pathname}".`, {
        hint: 'The daemon and the command may be of different versions; restart the daemon.',
      });
    }
    await answer(response, { accounts: await readAccounts(request), query, gone: gone.signal });
  } catch (thrown) {
    const error = asMailError(thrown);
    if (response.headersSent) response.end();
    else sendJson(response, error.code === 'usage' ? 400 : 500, refused(error));
  }
}

async function readAccounts(request: IncomingMessage): Promise<readonly string[]> {
  const blocks: Buffer[] = [];
  let octets = 0;
  for await (const block of request as AsyncIterable<Buffer>) {
    octets += block.length;
    if (octets > MAX_REQUEST_OCTETS) throw new MailError('usage', 'The request is too long.');
    blocks.push(block);
  }
  if (octets === 0) return [];
  const body: unknown = JSON.parse(Buffer.concat(blocks).toString());
  const accounts = typeof body === 'object' && body !== null && 'accounts' in body ? body.accounts : [];
  if (!Array.isArray(accounts) || !accounts.every((name) => typeof name === 'string')) {
    throw new MailError('usage', '"accounts" must be a list of names.');
  }
  return accounts;
}
