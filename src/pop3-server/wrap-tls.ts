import type { Duplex } from 'node:stream';
import { createSecureContext, createServer, TLSSocket } from 'node:tls';
import { MailError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { connectionLost, describeSystemError, WireError } from '../wire/errors.ts';
import { CONNECT_TIMEOUT_MS } from '../wire/limits.ts';

/** Puts TLS on an open connection, as the server. Rejects, with the connection closed, when that fails. */
export type WrapTls = (socket: Duplex) => Promise<Duplex>;

/** Key and certificate chain in PEM. */
export interface TlsKeyPair {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

export interface TlsWrapperOptions {
  readonly tls: TlsKeyPair;
  /** Whose signature on a client's certificate counts, in PEM; without it, none is asked for. */
  readonly clientCa: string | Buffer | undefined;
  readonly runtime: Pick<Runtime, 'randomHex'>;
}

/** Node wants so many octets for what makes a session resumable. */
const TICKET_KEYS_OCTETS = 48;

/** The server's side of TLS 1.2 or newer. Raises `config` when key and certificate are no pair. */
export function tlsWrapper({ tls: { key, cert }, clientCa, runtime }: TlsWrapperOptions): WrapTls {
  const client = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  const options = { key, cert, ...client, minVersion: 'TLSv1.2' } as const;
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new MailError('config', `TLS cannot be offered: ${describeSystemError(cause)}.`, {
      cause,
      hint: 'Give the private key and its certificate chain, both in PEM.',
    });
  }
  // The same for all connections, so that a client may resume its session on the next one.
  const ticketKeys = Buffer.from(runtime.randomHex(TICKET_KEYS_OCTETS), 'hex');
  return (socket) =>
    new Promise((resolve, reject) => {
      if (socket.destroyed || socket.readableEnded) {
        socket.destroy();
        reject(connectionLost('setting up TLS'));
        return;
      }
      // Who closes its side in the handshake has gone; who does so later may still want answers.
      const { allowHalfOpen } = socket;
      socket.allowHalfOpen = false;
      // Listens nowhere: it is handed this one connection, so that what it reports is about this one.
      const acceptor = createServer({ ...options, ticketKeys, handshakeTimeout: CONNECT_TIMEOUT_MS });
      acceptor.once('secureConnection', (secured) => {
        secured.allowHalfOpen = allowHalfOpen;
        resolve(secured);
      });
      acceptor.once('tlsClientError', (cause: Error, secured: TLSSocket) => {
        secured.destroy();
        socket.destroy();
        reject(new WireError('tls', `TLS with the client failed: ${describeSystemError(cause)}.`, { cause }));
      });
      acceptor.emit('connection', socket);
    });
}

/** TLS as it is under a connection. */
export interface TlsState {
  /** For example `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** Whom the client's certificate stands for: its common name, then its mail addresses. None unless it is good. */
  readonly names: readonly string[];
}

/** Undefined where there is no TLS. */
export function tlsStateOf(transport: Duplex): TlsState | undefined {
  if (!(transport instanceof TLSSocket)) return undefined;
  return {
    protocol: transport.getProtocol() ?? '',
    cipher: transport.getCipher().name,
    names: transport.authorized ? certifiedNames(transport) : [],
  };
}

function certifiedNames(transport: TLSSocket): readonly string[] {
  const { subject, subjectaltname = '' } = transport.getPeerCertificate();
  const addresses = subjectaltname.split(', ').filter((name) => name.startsWith('email:'));
  return [...[subject?.CN ?? []].flat(), ...addresses.map((name) => name.slice('email:'.length))];
}
