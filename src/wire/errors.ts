import { MailError, type MailErrorOptions, messageOf, systemCode } from '../errors.ts';
import { hostAndPort } from './address.ts';

/** The line to the other side failed; nothing more can be said on it. */
export class WireError extends MailError {}

/** The peer closed the line, or it was cut. `during` completes the sentence "… while". */
export function connectionLost(during: string, cause?: unknown): WireError {
  const why = cause === undefined ? '' : ` (${describeSystemError(cause)})`;
  return new WireError('connection-lost', `The connection ended while ${during}${why}.`, {
    cause,
    hint: 'What was already safe stays safe; the next poll goes on from there.',
  });
}

/** This side has ended the session, and is asked for more. */
export function sessionIsOver(): WireError {
  return new WireError('usage', 'The session has ended: quit() or close() was called.', {
    hint: 'Open another session, and wait for every call before you end it.',
  });
}

/** Alerts by which a server says that it wants a certificate of the client, or another one. */
const CERTIFICATE_ALERT = /_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/;

/** True where TLS has failed by the certificate of the client. */
export function isAboutOurCertificate(cause: unknown): boolean {
  return CERTIFICATE_ALERT.test(systemCode(cause) ?? '');
}

/** What to do then. */
export const OUR_CERTIFICATE_HINT =
  'The server wants a certificate of you, or another one than it got: check "clientCertificate".';

/** The line has failed. With TLS 1.3 a server refuses the certificate of the client when the handshake is over for that. */
export function lineFailed(during: string, cause: unknown): WireError {
  if (!isAboutOurCertificate(cause)) return connectionLost(during, cause);
  return new WireError('tls', `TLS ended while ${during}: ${describeSystemError(cause)}.`, {
    cause,
    hint: OUR_CERTIFICATE_HINT,
  });
}

/** The peer kept silent, or dripped, for longer than the deadline. */
export function timedOut(during: string, milliseconds: number): WireError {
  // QUIT is waited for a little longer for each deletion, which is no figure for people.
  const seconds = milliseconds < 1000 ? milliseconds / 1000 : Math.round(milliseconds / 100) / 10;
  return new WireError('timeout', `No usable answer for ${seconds} s while ${during}.`, {
    hint: 'Try again later; if the server is only slow, raise timeouts.idle or timeouts.connect.',
  });
}

/** The peer said something that the protocol does not allow. */
export function protocolViolation(message: string, options: MailErrorOptions = {}): WireError {
  return new WireError('protocol', message, options);
}

/** A failed DNS lookup or TCP connect, in words. */
export function unreachable(host: string, port: number, cause: unknown): WireError {
  return new WireError(
    'unreachable',
    `Cannot reach ${hostAndPort(host, port)}: ${describeSystemError(cause)}.`,
    {
      cause,
      hint: unreachableHint(systemCode(cause)),
    },
  );
}

function unreachableHint(code: string | undefined): string {
  if (code === 'ENOTFOUND') return 'Check the spelling of "host".';
  if (code === 'EAI_AGAIN')
    return 'Name lookup failed for now; check the network connection and the DNS server.';
  if (code === 'ECONNREFUSED') {
    return 'Check "port" and "tls": 995 is implicit TLS, 110 is plain or STLS; POP3 may be switched off at the provider, or, where it has worked before, the server is down for now.';
  }
  return 'Check "host" and "port", and that this machine is online.';
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name could not be looked up just now',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other side',
  EPIPE: 'the other side has closed the connection',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

/** A system error in a few words. */
export function describeSystemError(cause: unknown): string {
  const code = systemCode(cause);
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (known !== undefined) return known;
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeSystemError(cause.errors[0]);
  // OpenSSL's whole message holds the address of a thread, its file names and a line end.
  if (cause instanceof Error && 'reason' in cause && typeof cause.reason === 'string') return cause.reason;
  return messageOf(cause);
}
