import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { type Runtime, systemRuntime } from '../runtime.ts';
import { asciiName } from './ascii-name.ts';
import { checkName } from './certificate-name.ts';
import { connectionLost, WireError } from './errors.ts';
import { MAX_TLS_SESSION_AGE_MS, MAX_TLS_SESSIONS } from './limits.ts';
import { parsePin } from './pin.ts';
import { tlsFailure } from './tls-failure.ts';
import { type ClientCertificate, type ContextOptions, secureContext } from './trust.ts';

export interface TlsClientOptions {
  /** The name that the certificate must hold. */
  readonly serverName: string;
  /** Trust anchors in PEM, in addition to the ones that Node ships and the system has. */
  readonly ca?: readonly string[] | undefined;
  /** See `parsePin`: exactly this certificate, whoever signed it; name and dates count no more. */
  readonly pinSha256?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
  readonly signal: AbortSignal;
  /** Is told when the certificate ends, in milliseconds since 1970. */
  readonly onCertificate?: ((expiresAt: number) => void) | undefined;
  /** Default: that of the system. */
  readonly clock?: Pick<Runtime, 'now'> | undefined;
}

/** A certificate that was shown and found good. Times are in milliseconds since 1970. */
interface Shown {
  readonly at: number;
  readonly expiresAt: number;
}

/** A session that can be resumed (RFC 8446 §2.2), and the certificate that it goes back to. */
interface Resumable {
  readonly session: Buffer;
  readonly shown: Shown;
}

/** By everything that the trust in a session depends on. */
const resumables = new Map<string, Resumable>();

/** Makes what `wrapTls` needs and takes a while: best done while the line is being opened. */
export function prepareTls({
  ca = [],
  clientCertificate,
}: Pick<TlsClientOptions, 'ca' | 'clientCertificate'>): void {
  secureContext({ ca, clientCertificate });
}

/**
 * TLS 1.2 or newer on an open connection, the certificate always checked: against the pin where there is one, else
 * against the anchors and the name. Raises `tls` when it is not good.
 */
export async function wrapTls(socket: Duplex, options: TlsClientOptions): Promise<Duplex> {
  const { serverName, ca = [], pinSha256, clientCertificate, signal, clock = systemRuntime } = options;
  assertOpen(socket, serverName);
  const name = asciiName(serverName);
  const key = resumptionKey(options);
  const known = knownSession(key, clock.now());
  const secure = connectTls({
    socket,
    secureContext: contextFor(socket, { ca, clientCertificate }),
    rejectUnauthorized: pinSha256 === undefined,
    checkServerIdentity: checkName,
    host: name,
    // RFC 6066 §3: an address is not asked for, and a name without a dot at its end.
    ...(isIP(name) === 0 ? { servername: name.replace(/\.$/, '') } : {}),
    ...(known === undefined ? {} : { session: known.session }),
  });
  // With TLS 1.2 a session is there before the check of the pin, with TLS 1.3 after that.
  let latest: Buffer | undefined;
  let shown: Shown | undefined;
  secure.on('session', (session: Buffer) => {
    latest = session;
    if (shown !== undefined) remember(key, { session, shown });
  });
  await handshake(secure, serverName, signal);
  // Who resumes a session is who set it up, and shows no certificate again.
  if (known !== undefined && secure.isSessionReused()) {
    shown = known.shown;
  } else {
    if (pinSha256 !== undefined) assertPinned(secure, pinSha256, serverName);
    shown = { at: clock.now(), expiresAt: Date.parse(secure.getPeerCertificate().valid_to) };
  }
  if (latest !== undefined) remember(key, { session: latest, shown });
  options.onCertificate?.(shown.expiresAt);
  return secure;
}

/** A line that has ended already says nothing more: Node would wait for it for ever. */
function assertOpen(socket: Duplex, serverName: string): void {
  if (!socket.destroyed && !socket.readableEnded) return;
  const { errored } = socket.destroy();
  throw errored === null ? connectionLost('setting up TLS') : tlsFailure(serverName, errored);
}

/** A line that cannot be secured is of no use to anybody. */
function contextFor(socket: Duplex, options: ContextOptions): SecureContext {
  try {
    return secureContext(options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function handshake(secure: TLSSocket, serverName: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      secure.off('error', onError);
      secure.off('close', onClose);
      secure.on('error', () => undefined);
      act();
    };
    const fail = (reason: Error): void => {
      secure.destroy();
      settle(() => reject(reason));
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const onError = (cause: Error): void => fail(tlsFailure(serverName, cause));
    const onClose = (): void => fail(connectionLost('setting up TLS'));
    signal.addEventListener('abort', onAbort, { once: true });
    secure.once('error', onError);
    secure.once('close', onClose);
    secure.once('secureConnect', () => settle(resolve));
  });
}

function assertPinned(secure: TLSSocket, pin: string, serverName: string): void {
  const { fingerprint256 } = secure.getPeerCertificate();
  const seen = fingerprint256?.replaceAll(':', '');
  if (seen !== undefined && seen === parsePin(pin)) return;
  secure.destroy();
  throw new WireError(
    'tls',
    `The certificate of ${serverName} is not the pinned one: its SHA-256 is ${fingerprint256 ?? 'unknown'}.`,
    {
      hint: 'If the server was given a new certificate, learn its fingerprint from who runs it; else somebody may be interfering.',
    },
  );
}

/**
 * The session to resume. Each one that is resumed gives the next. Without an end to that, a server would never have to show
 * a certificate again: not when it has a new one, and not when the old one has expired.
 */
function knownSession(key: string, now: number): Resumable | undefined {
  const known = resumables.get(key);
  if (known === undefined) return undefined;
  const { at, expiresAt } = known.shown;
  return now >= at && now < at + MAX_TLS_SESSION_AGE_MS && now < expiresAt ? known : undefined;
}

function remember(key: string, resumable: Resumable): void {
  resumables.delete(key);
  resumables.set(key, resumable);
  const [oldest] = resumables.keys();
  if (resumables.size > MAX_TLS_SESSIONS && oldest !== undefined) resumables.delete(oldest);
}

/** A session must never stand for more trust than its own handshake had. */
function resumptionKey({ serverName, ca = [], pinSha256, clientCertificate }: TlsClientOptions): string {
  const parts = [serverName, pinSha256 ?? '', clientCertificate?.cert ?? '', ...ca];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
