import type { Capabilities } from '../pop3/capabilities.ts';
import type { Secret } from '../secret.ts';
import type { Dial } from '../wire/dial.ts';
import type { Transcript } from '../wire/transcript.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import type { Tunnel } from '../wire/tunnel.ts';

/** How the line is protected: TLS from the first octet, STLS (RFC 2595 §4), or not at all. */
export const TLS_MODES = ['implicit', 'starttls', 'none'] as const;

/** How the line is protected: `implicit`, TLS from the first octet; `starttls`, STLS (RFC 2595 §4); `none`. */
export type TlsMode = (typeof TLS_MODES)[number];

/** The mechanisms of SASL, by their names in small letters. */
export const SASL_CHOICES = [
  'plain',
  'login',
  'cram-md5',
  'scram-sha-1',
  'scram-sha-256',
  'xoauth2',
  'oauthbearer',
  'external',
] as const;

/** How to log in; `auto` takes the strongest mechanism that both sides have and the line allows. */
export const AUTH_CHOICES: readonly ['auto', 'user-pass', 'apop', ...typeof SASL_CHOICES] = [
  'auto',
  'user-pass',
  'apop',
  ...SASL_CHOICES,
];

/** How to log in; `auto` takes the strongest mechanism that both sides have and the line allows. */
export type AuthChoice = (typeof AUTH_CHOICES)[number];

/** The deadlines of a session (I7). */
export interface SessionTimeouts {
  /** One budget in milliseconds for DNS, TCP, TLS and greeting. */
  readonly connectMs: number;
  /** No octet for this many milliseconds ends the session. */
  readonly idleMs: number;
  /** The same while the reply to a login is waited for. Default: `idleMs`, at least 15 seconds. */
  readonly loginReplyMs?: number | undefined;
}

/** Is told how far the opening of a session has come. */
export interface SessionWatch {
  /** The greeting is there. */
  greeted?(): void;
  /** TLS is there; the server's certificate ends then, in milliseconds since 1970. */
  secured?(certificateExpiresAt: number): void;
}

/** How the line to the server is made, what it is checked by, and what is spoken on it. */
export interface LineOptions {
  /** The name that the certificate must hold. Default: `host`. */
  readonly serverName?: string | undefined;
  /**
   * The SHA-256 of the server's certificate: 64 hexadecimal digits, also with colons. Then exactly this certificate is
   * taken, and neither its signer nor its names nor its dates count.
   */
  readonly pinSha256?: string | undefined;
  /** Shown to a server that asks for it; `auth: external` stands on it. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** `socks5://` or `http://`, with `user:password@` where the proxy wants them. The proxy looks the host up. */
  readonly proxy?: Secret | string | undefined;
  /** A program whose input and output are the line, in place of a TCP connection. */
  readonly tunnel?: Tunnel | undefined;
  /** The address of this machine to connect from. */
  readonly sourceAddress?: string | undefined;
  /** The language in which the server is to give its reasons, such as `de`, where it can (RFC 6856 §3). */
  readonly language?: string | undefined;
}

/** What a session needs up to the greeting. */
export interface ConnectOptions extends LineOptions {
  /** The name or the address of the server. */
  readonly host: string;
  /** Default: 995 with implicit TLS, else 110. */
  readonly port?: number | undefined;
  /** Default: `implicit`. */
  readonly tls?: TlsMode | undefined;
  /** Trust anchors in PEM, in addition to those of Node and of the system. Certificates are always checked. */
  readonly ca?: readonly string[] | undefined;
  /** Without TLS, allows a login that shows the password to anything but a loopback address. Default: false. */
  readonly allowCleartext?: boolean | undefined;
  /** Default: 30 seconds up to the greeting, 60 of silence. */
  readonly timeouts?: Partial<SessionTimeouts> | undefined;
  /** Ends the session at once. A reason that is no `MailError` becomes the cause of one. */
  readonly signal?: AbortSignal | undefined;
  /** Sees each line of the session, without secrets and message bodies. */
  readonly transcript?: Transcript | undefined;
  /** Is told how far the opening has come. */
  readonly watch?: SessionWatch | undefined;
  /** Makes the TCP connection, where neither a proxy nor a tunnel does. Default: one that tries all addresses (RFC 8305). */
  readonly dial?: Dial | undefined;
}

/** What a session needs up to the login. */
export interface SessionOptions extends ConnectOptions {
  /** The name to log in with. */
  readonly user: string;
  /** The access token in its place with `xoauth2` and `oauthbearer`; not used with `external`. */
  readonly password: Secret | string;
  /** Default: `auto`. */
  readonly auth?: AuthChoice | undefined;
  /**
   * Spares a round trip: the session is handed over before the reply to the CAPA that follows the login, where commands
   * may be pipelined. Its `capabilities` hold what was announced before the login until the first reply. Default: false.
   */
  readonly ahead?: boolean | undefined;
  /**
   * Spares another: what the server has announced before the login not long ago (`Transaction.announced`), with the same
   * options. It is not asked again then, unless it refuses the login.
   */
  readonly expected?: Capabilities | undefined;
}

/** The port that a TLS mode stands for (RFC 1939 §3, RFC 8314 §3.3). */
export function defaultPort(tls: TlsMode): number {
  return tls === 'implicit' ? 995 : 110;
}

/**
 * True where the octets never leave this machine: for a loopback address, unless a proxy or a tunnel takes them from
 * there to somewhere else.
 */
export function staysHere({ host, proxy, tunnel }: LineOptions & { readonly host: string }): boolean {
  return proxy === undefined && tunnel === undefined && isLoopback(host);
}

/** True for an address that never leaves this machine. What only looks like one may be a name, and be looked up. */
export function isLoopback(host: string): boolean {
  if (/^localhost$/i.test(host) || host === '::1') return true;
  return /^127(?:\.\d{1,3}){3}$/.test(host) && host.split('.').every((part) => Number(part) <= 255);
}
