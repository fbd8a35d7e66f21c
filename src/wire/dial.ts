import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { systemCode } from '../errors.ts';
import { connectionLost, describeSystemError, unreachable, WireError } from './errors.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/** A TCP connection. Raises `unreachable`, or the signal's reason. */
export function dial({ host, port, signal }: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, autoSelectFamily: true, noDelay: true });
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.on('error', () => undefined);
      act();
    };
    const onAbort = (): void => {
      socket.destroy();
      settle(() => reject(signal.reason as Error));
    };
    const onError = (cause: Error): void => settle(() => reject(unreachable(host, port, cause)));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => settle(() => resolve(socket)));
  });
}

export interface TlsClientOptions {
  /** The name that the certificate must hold. */
  readonly serverName: string;
  /** Trust anchors in PEM, in addition to the ones that Node ships. */
  readonly ca?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Is told when the certificate ends, in milliseconds since 1970. */
  readonly onCertificate?: ((expiresAt: number) => void) | undefined;
}

/** TLS 1.2 or newer on an open connection, the certificate always checked. Raises `tls` when it is not good. */
export function wrapTls(socket: Duplex, options: TlsClientOptions): Promise<Duplex> {
  const { serverName, ca, signal, onCertificate } = options;
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      host: serverName,
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      ...(ca === undefined || ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
    });
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
    secure.once('secureConnect', () => {
      onCertificate?.(Date.parse(secure.getPeerCertificate().valid_to));
      settle(() => resolve(secure));
    });
  });
}

const CERTIFICATE_FAULTS: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  CERT_HAS_EXPIRED: {
    what: 'has expired',
    hint: 'The provider must renew it; check the clock of this machine too.',
  },
  CERT_NOT_YET_VALID: { what: 'is not valid yet', hint: 'Check the clock of this machine.' },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    what: 'is signed by nobody but itself',
    hint: 'If this is your own server, put its certificate in a file and name it with "caFile".',
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
};

function tlsFailure(serverName: string, cause: Error): WireError {
  const code = systemCode(cause) ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = 'cert' in cause ? certificateNames(cause.cert) : '';
    return new WireError('tls', `The certificate is not for "${serverName}"${names}.`, {
      cause,
      hint: 'Set "host" to a name that the certificate holds; if you meant this name, somebody may be interfering.',
    });
  }
  const fault = CERTIFICATE_FAULTS[code];
  if (fault !== undefined) {
    return new WireError('tls', `The certificate of ${serverName} ${fault.what}.`, {
      cause,
      hint: fault.hint,
    });
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || cause.message.includes('wrong version number')) {
    return new WireError('tls', `The server at ${serverName} does not speak TLS on this port.`, {
      cause,
      hint: 'Check "port" and "tls": 995 is implicit TLS, 110 is plain or STLS.',
    });
  }
  if (['ECONNRESET', 'EPIPE'].includes(code)) return connectionLost('setting up TLS', cause);
  // OpenSSL's whole message holds the address of a thread, its file names and a line end.
  const why =
    'reason' in cause && typeof cause.reason === 'string' ? cause.reason : describeSystemError(cause);
  return new WireError('tls', `TLS with ${serverName} failed: ${why}.`, {
    cause,
    hint: 'Check "port" and "tls": 995 is implicit TLS, 110 is plain or STLS.',
  });
}

function certificateNames(certificate: unknown): string {
  if (typeof certificate !== 'object' || certificate === null || !('subjectaltname' in certificate))
    return '';
  const names = String(certificate.subjectaltname).replaceAll('DNS:', '').replaceAll('IP Address:', '');
  return `, but for ${names.slice(0, 200)}`;
}
