import type { TestContext } from 'vitest';
import type { Mechanism } from '../../../src/pop3-client/index.ts';
import type { TlsMode } from '../judge.ts';

/** A server that others wrote, while it runs, with a maildrop for each user. Everybody's password is `PASSWORD`. */
export interface RunningServer extends AsyncDisposable {
  readonly host: string;
  /** `tls` is 0 where it has no TLS. */
  readonly ports: { readonly plain: number; readonly tls: number };
  /** What it has written to its standard error. */
  readonly log: string;
}

/** Users, each with the messages of the maildrop in their order. */
export type Maildrops = ReadonlyMap<string, readonly Buffer[]>;

/** What people are told about a server. */
export interface ServerFacts {
  /** As people call it, and the Debian package that brings it. */
  readonly title: string;
  readonly debianPackage: string;
  readonly tls: readonly TlsMode[];
  /** How one can log in there, of what Mailferry knows. */
  readonly mechanisms: readonly Mechanism[];
  /** Why it cannot hold some of the odd messages, and which it can. */
  readonly holds?: { readonly fits: (message: Buffer) => boolean; readonly why: string };
  /** The only messages it can serve, and why no others. */
  readonly servesOnly?: { readonly messages: readonly Buffer[]; readonly why: string };
  /** What it does otherwise than most, and what Mailferry makes of it. */
  readonly quirks: readonly string[];
}

/** A server and how to start it. */
export interface ServerKind extends ServerFacts {
  /** For `beforeEach`: skips the tests where it cannot be started. */
  readonly require: (context: TestContext) => void;
  /** What a raw client has to say before the login to get messages as they are. */
  readonly first?: readonly string[];
  /** Header lines that it writes anew in every session. */
  readonly volatile?: RegExp;
  readonly start: (maildrops: Maildrops) => Promise<RunningServer>;
}

export const PASSWORD = 'correct-horse';
