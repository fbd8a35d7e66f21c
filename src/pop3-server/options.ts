import type { Secret } from '../secret.ts';
import type { Observe } from './events.ts';
import type { Faults } from './faults.ts';
import type { Maildrop, Messages } from './maildrop.ts';
import type { PersonalityName } from './personalities/index.ts';
import type { Personality } from './personality.ts';
import type { TlsKeyPair } from './wrap-tls.ts';

/** How the server treats messages with UTF-8 in their header (RFC 6856 §2). */
export type Utf8Mode = 'off' | 'lenient' | 'strict';

/** A user of the server: with messages that are kept in memory, or with a maildrop of any kind. */
export interface ServerUser {
  /** For USER, APOP and all mechanisms of SASL that have one. */
  readonly password?: Secret | string | undefined;
  /** An access token, for XOAUTH2 and OAUTHBEARER. */
  readonly token?: Secret | string | undefined;
  /** True: a client certificate for this name, signed by `clientCa`, is enough for EXTERNAL. Default: false. */
  readonly certificate?: boolean | undefined;
  /** Served octet by octet as given, text as UTF-8; lines end with CRLF. Default: none. */
  readonly messages?: Messages | undefined;
  /** In place of `messages`. Users who share one share its lock. */
  readonly maildrop?: Maildrop | undefined;
}

/** What the server grants its clients, each with a default that withstands hostile ones. */
export interface ServerLimits {
  /**
   * Connections at a time. One more takes the place of the oldest that has not logged in; where all have, it is told
   * `-ERR [SYS/TEMP]`, or nothing within implicit TLS. Default: 2000.
   */
  readonly connections?: number | undefined;
  /** Of these, from one address, by the same rule among them. Default: 1000. */
  readonly connectionsPerAddress?: number | undefined;
  /** Commands in a row that make no sense, the last of which ends the session. Default: 100. */
  readonly badCommands?: number | undefined;
  /** Failed logins in a session, the last of which ends it. Default: 5. */
  readonly failedLogins?: number | undefined;
  /** How long the answer to a failed login is put off, in milliseconds. Default: 0, so that tests need not wait. */
  readonly failedLoginDelayMs?: number | undefined;
}

/** What a server is and does; only `users` must be given. */
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
  /** Authorities in PEM whose client certificates let in by EXTERNAL (common name or mail address). Needs `tls`. */
  readonly clientCa?: string | Buffer | undefined;
  /** Refuses every login before STLS, and offers none. Needs `tls`. Default: false, so that tests can do without. */
  readonly requireTls?: boolean | undefined;
  /** Capabilities and commands that the server shall not have, such as `UIDL`, `CAPA`, `PIPELINING`, `CRAM-MD5`. */
  readonly without?: readonly string[] | undefined;
  /** Behaves as that server does. Default: as Mailferry, by the RFCs. */
  readonly personality?: PersonalityName | Personality | undefined;
  /** The text of IMPLEMENTATION (RFC 2449 §6.9). */
  readonly implementation?: string | undefined;
  /** Seconds between two logins of a user, announced and enforced (RFC 2449 §6.5). Default: 0. */
  readonly loginDelay?: number | undefined;
  /** Days that messages are kept, as EXPIRE announces it (RFC 2449 §6.7); nothing expires by it. Default: none said. */
  readonly expire?: number | 'never' | undefined;
  /**
   * UTF8 of RFC 6856: `strict` refuses RETR and TOP of a message with UTF-8 in its header with `-ERR [UTF8]` unless
   * the client has said UTF8; `lenient`, the default, sends every message as it is; `off` does not have it.
   */
  readonly utf8?: Utf8Mode | undefined;
  /** Scripted misbehaviour. Default: none. */
  readonly faults?: Faults | undefined;
  /** Sees what happens, in order. */
  readonly observe?: Observe | undefined;
  /** A client silent for so many milliseconds is dropped without UPDATE. Default: ten minutes (RFC 1939 §3). */
  readonly autologoutMs?: number | undefined;
  /** What is granted to clients. */
  readonly limits?: ServerLimits | undefined;
}
