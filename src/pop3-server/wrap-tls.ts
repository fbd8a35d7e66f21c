import { createSecureContext, createServer, type TLSSocket } from 'node:tls';
import { MailError } from '../errors.ts';
import { describeSystemError, WireError } from '../wire/errors.ts';
import { CONNECT_TIMEOUT_MS } from '../wire/limits.ts';
import type { WrapTls } from './client-line.ts';

/** Key and certificate chain in PEM. */
export interface TlsKeyPair {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** The server's side of TLS 1.2 or newer. Raises `config` when key and certificate are no pair. */
export function tlsWrapper({ key, cert }: TlsKeyPair): WrapTls {
  const options = { key, cert, minVersion: 'TLSv1.2' } as const;
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new MailError('config', `TLS cannot be offered: ${describeSystemError(cause)}.`, {
      cause,
      hint: 'Give the private key and its certificate chain, both in PEM.',
    });
  }
  return (socket) =>
    new Promise((resolve, reject) => {
      // Listens nowhere: it is handed this one connection, so that what it reports is about this one.
      const acceptor = createServer({ ...options, handshakeTimeout: CONNECT_TIMEOUT_MS });
      acceptor.once('secureConnection', resolve);
      acceptor.once('tlsClientError', (cause: Error, secured: TLSSocket) => {
        secured.destroy();
        socket.destroy();
        reject(new WireError('tls', `TLS with the client failed: ${describeSystemError(cause)}.`, { cause }));
      });
      acceptor.emit('connection', socket);
    });
}
