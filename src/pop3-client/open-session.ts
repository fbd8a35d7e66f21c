import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { MailError } from '../errors.ts';
import { type Capabilities, formatCapabilities } from '../pop3/capabilities.ts';
import { Secret } from '../secret.ts';
import { hostAndPort, withoutBrackets } from '../wire/address.ts';
import { Connection } from '../wire/connection.ts';
import { abortReason, asWireError, withDeadline } from '../wire/deadline.ts';
import type { DialOptions } from '../wire/dial.ts';
import { WireError } from '../wire/errors.ts';
import { CONNECT_TIMEOUT_MS, LOGIN_TIMEOUT_MS, MIN_LOGIN_REPLY_MS } from '../wire/limits.ts';
import { openLine, type Route } from '../wire/open-line.ts';
import { parseProxyUrl } from '../wire/proxy.ts';
import { printableLine } from '../wire/text.ts';
import type { TlsClientOptions } from '../wire/tls.ts';
import { sanitized } from '../wire/transcript.ts';
import { Authorization } from './authorization.ts';
import { checkLogin, checkOptions } from './check-options.ts';
import { chooseMechanism } from './choose-mechanism.ts';
import { loginRefused } from './errors.ts';
import { type ConnectOptions, defaultPort, type SessionOptions, staysHere } from './options.ts';
import { GREETING, Pipeline } from './pipeline.ts';
import type { Transaction } from './transaction.ts';

/**
 * Opens a session up to the greeting, with TLS from the first octet where `tls` is `implicit` (RFC 8314 §3.3).
 * DNS, TCP, TLS and greeting share one budget.
 */
export async function connect(options: ConnectOptions): Promise<Authorization> {
  checkOptions(options);
  const { authorization } = await greet(unbracketed(options));
  return authorization;
}

/**
 * Opens a session and logs in: connect, TLS as asked, CAPA, the strongest mechanism that the line allows. The
 * password never leaves before TLS does its work, whatever the server announces.
 */
export async function openSession(options: SessionOptions): Promise<Transaction> {
  checkOptions(options);
  checkLogin(options);
  return enterSession(unbracketed(options));
}

/** The options of a session to a host that may be written as in a URL. */
function unbracketed<O extends ConnectOptions>(options: O): O {
  return { ...options, host: withoutBrackets(options.host) };
}

async function enterSession(options: SessionOptions): Promise<Transaction> {
  const { authorization, connection } = await greet(options);
  const deadline = { milliseconds: LOGIN_TIMEOUT_MS, during: 'logging in', signal: options.signal };
  try {
    return await withDeadline(deadline, (signal) => {
      signal.addEventListener('abort', () => connection.break(asWireError(signal.reason)));
      return logIn(authorization, options, signal);
    });
  } catch (error) {
    connection.break(asWireError(error));
    throw error;
  }
}

interface Greeted {
  readonly authorization: Authorization;
  readonly connection: Connection;
}

async function greet(options: ConnectOptions): Promise<Greeted> {
  const { host, tls = 'implicit', port = defaultPort(tls), timeouts, dial } = options;
  const milliseconds = timeouts?.connectMs ?? CONNECT_TIMEOUT_MS;
  const during = `connecting to ${hostAndPort(host, port)}`;
  let waits: keyof typeof SILENT_HINTS | undefined;
  admitMany(options.signal);
  const opening = withDeadline({ milliseconds, during, signal: options.signal }, async (signal) => {
    const line = openLine({ host, port, signal, dial, ...routeOf(options) });
    if (tls !== 'none') void getReadyForTls(options);
    const raw = await line;
    const socket = tls === 'implicit' ? await secured(raw, tlsOptions(options, signal)) : raw;
    const connection = new Connection(socket, {
      idleMs: timeouts?.idleMs,
      transcript: options.transcript && sanitized(options.transcript),
    });
    signal.addEventListener('abort', () => connection.break(asWireError(signal.reason)));
    breakOnAbort(connection, options.signal);
    try {
      waits = tls === 'implicit' ? 'within TLS' : 'in clear';
      return { authorization: await readGreeting(connection, options), connection };
    } catch (error) {
      // Also one that whoever watches has raised.
      connection.break(asWireError(error));
      throw error;
    }
  });
  return opening.catch((error: unknown) => {
    throw waits === undefined ? error : silent(error, SILENT_HINTS[waits]);
  });
}

const IF_SLOW = 'if it is only slow, raise timeouts.connect.';

/** What a server may be that does not greet. */
const SILENT_HINTS = {
  'in clear': `It may wait for TLS: check "port" and "tls" (995 is implicit TLS, 110 is plain or STLS); ${IF_SLOW}`,
  'within TLS': `It may be no POP3 server: check "host" and "port" (995 is that of POP3 with TLS); ${IF_SLOW}`,
} as const;

/** Where nothing came, the hint; what a server says is not ours to explain. */
function silent(error: unknown, hint: string): unknown {
  if (!(error instanceof WireError) || !['timeout', 'connection-lost'].includes(error.code)) return error;
  return new WireError(error.code, error.message, { hint, cause: error });
}

async function readGreeting(connection: Connection, options: ConnectOptions): Promise<Authorization> {
  const { host, tls = 'implicit', timeouts, watch } = options;
  const pipeline = new Pipeline(connection);
  const greeting = await pipeline.readStatus(GREETING);
  if (!greeting.ok) throw greetingRefused(host, greeting.text, greeting.code);
  watch?.greeted?.();
  return new Authorization(pipeline, {
    greeting: greeting.text,
    encrypted: tls === 'implicit',
    mayShowPassword: options.allowCleartext === true || staysHere(options),
    loginReplyMs: timeouts?.loginReplyMs ?? Math.max(connection.idleMs, MIN_LOGIN_REPLY_MS),
    tlsMs: timeouts?.connectMs ?? CONNECT_TIMEOUT_MS,
  });
}

async function logIn(
  authorization: Authorization,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Transaction> {
  const { tls = 'implicit', expected } = options;
  if (tls === 'starttls') {
    if (expected === undefined) refuseMissingStls(await authorization.capa());
    await authorization.stls(tlsOptions(options, signal));
  }
  if (expected === undefined) return enter(authorization, options, await authorization.capa());
  authorization.expect(expected);
  try {
    return await enter(authorization, options, expected);
  } catch (error) {
    const now = await announcedInstead(authorization, expected, error);
    return enter(authorization, options, now);
  }
}

/** What a server that has refused a login announces now; raises the refusal where that is not news. */
async function announcedInstead(
  authorization: Authorization,
  expected: Capabilities,
  refusal: unknown,
): Promise<Capabilities> {
  if (!(refusal instanceof MailError) || refusal.code !== 'login-refused') throw refusal;
  const now = await authorization.capa().catch(() => undefined);
  const isNews = now !== undefined && formatCapabilities(now).join() !== formatCapabilities(expected).join();
  if (!isNews) throw refusal;
  return now;
}

async function enter(
  authorization: Authorization,
  options: SessionOptions,
  capabilities: Capabilities | undefined,
): Promise<Transaction> {
  if (capabilities?.has('UTF8') === true) await authorization.utf8();
  if (options.language !== undefined && capabilities?.has('LANG') === true)
    await authorization.lang(options.language);
  const mechanism = chooseMechanism({
    wanted: options.auth ?? 'auto',
    capabilities,
    secrecy: authorization.secrecy,
    certified: options.clientCertificate !== undefined,
  });
  const transaction = await authorization.login(mechanism, options.user, passwordOf(options));
  if (capabilities === undefined) return transaction;
  if (options.ahead === true) await transaction.capaAlongside(capabilities);
  else await transaction.capa();
  return transaction;
}

/** JavaScript may leave it out where a certificate stands for it. */
function passwordOf({ password }: { readonly password?: Secret | string | undefined }): Secret | string {
  return password ?? '';
}

/** While the line is being opened: what TLS needs takes 20 ms to load and to make. */
async function getReadyForTls({ ca, clientCertificate }: ConnectOptions): Promise<void> {
  try {
    const { prepareTls } = await import('../wire/tls.ts');
    prepareTls({ ca, clientCertificate });
  } catch {
    // Raised again when it is wanted.
  }
}

async function secured(raw: Duplex, options: TlsClientOptions): Promise<Duplex> {
  const { wrapTls } = await import('../wire/tls.ts');
  return wrapTls(raw, options);
}

function tlsOptions(options: ConnectOptions, signal: AbortSignal): TlsClientOptions {
  const { host, serverName = host, ca, pinSha256, clientCertificate, watch } = options;
  const onCertificate = (expiresAt: number): void => watch?.secured?.(expiresAt);
  return { serverName, ca, pinSha256, clientCertificate, signal, onCertificate };
}

function routeOf({
  proxy,
  tunnel,
  sourceAddress,
}: ConnectOptions): Route & Pick<DialOptions, 'sourceAddress'> {
  const url = proxy instanceof Secret ? proxy.reveal() : proxy;
  return { proxy: url === undefined ? undefined : parseProxyUrl(url), tunnel, sourceAddress };
}

/** A server without CAPA is asked for STLS all the same; one that leaves STLS out of its list is believed. */
function refuseMissingStls(capabilities: Capabilities | undefined): void {
  if (capabilities === undefined || capabilities.has('STLS')) return;
  throw new MailError('tls', 'The server does not offer STLS, so the line cannot be encrypted.', {
    hint: 'Use "tls: implicit" (port 995); if the server did offer STLS before, somebody may be interfering.',
  });
}

function greetingRefused(host: string, text: string, code: string | undefined): WireError {
  const { code: kind, hint } = loginRefused({ user: '', response: { ok: false, code, text } });
  const isUntold = code === undefined && kind === 'login-refused';
  const errorCode = isUntold ? 'server-temporary' : kind;
  return new WireError(errorCode, `${host} turned us away at once, saying "${printableLine(text)}".`, {
    hint: isUntold ? TURNED_AWAY : hint,
  });
}

const TURNED_AWAY =
  'The server takes no session now: the next poll tries again. If it goes on, poll less often, or show the provider these words.';

/** One signal may end hundreds of sessions, and Node would take the eleventh listener for a leak. */
function admitMany(signal: AbortSignal | undefined): void {
  // One of a library is no EventTarget, and warns of nothing.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
}

/** From now on the signal ends the session at whatever it is doing. */
function breakOnAbort(connection: Connection, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const onAbort = (): void => void connection.break(asWireError(abortReason(signal)));
  signal.addEventListener('abort', onAbort, { once: true });
  connection.onClose(() => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
}
