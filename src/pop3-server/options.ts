import type { Secret } from '../secret.ts';
import type { Observe } from './events.ts';
import type { Faults } from './faults.ts';
import type { Maildrop } from './maildrop.ts';
import type { TlsKeyPair } from './wrap-tls.ts';

/** A user of the server: with messages that are kept in memory, or with a maildrop of any kind. */
export interface ServerUser {
  readonly password: Secret | string;
  /** Served octet by octet as given, text as UTF-8; lines end with CRLF. Default: none. */
  readonly messages?: Iterable<Uint8Array | string> | undefined;
  /** In place of `messages`. Users who share one share its lock. */
  readonly maildrop?: Maildrop | undefined;
}

export interface ServerOptions {
  /** By name. Names and passwords go over the wire as UTF-8. */
  readonly users: Readonly<Record<string, ServerUser>>;
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** The plain listener. Default: 0, any free port. */
  readonly port?: number | undefined;
  /** Key and certificate chain in PEM; with them the plain listener offers STLS. */
  readonly tls?: TlsKeyPair | undefined;
  /** Adds a listener with implicit TLS (RFC 8314 §3.3); 0 is any free port. Needs `tls`. */
  readonly tlsPort?: number | undefined;
  /** Where that one listens. Default: `host`. */
  readonly tlsHost?: string | undefined;
  /** Refuses USER and AUTH before STLS. Needs `tls`. Default: false. */
  readonly requireTls?: boolean | undefined;
  /** Capabilities and commands that the server shall not have, such as `UIDL`, `CAPA`, `PIPELINING`, `RESP-CODES`. */
  readonly without?: readonly string[] | undefined;
  /** Scripted misbehaviour. Default: none. */
  readonly faults?: Faults | undefined;
  /** Sees what happens, in order. */
  readonly observe?: Observe | undefined;
  /** A client silent for so many milliseconds is dropped without UPDATE. Default: ten minutes (RFC 1939 §3). */
  readonly autologoutMs?: number | undefined;
}
