import type { TlsMode } from '../judge.ts';

/** What a client is told to do. */
export interface ClientTask {
  /** A folder for its configuration, its state and what it delivers. */
  readonly folder: string;
  /** A name, so that certificates can be checked. */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  /** In the words of the client; undefined: its own choice. */
  readonly auth: string | undefined;
  /** Leaves the messages on the server, and remembers what it has. */
  readonly keep: boolean;
}

/** What people are told about a client. */
export interface ClientFacts {
  /** As people call it, and the Debian package that brings it. */
  readonly title: string;
  readonly debianPackage: string;
  readonly tls: readonly TlsMode[];
  /** The mechanisms it can be told to use: its word, and how its first command then begins. */
  readonly mechanisms: readonly (readonly [word: string, command: string])[];
  /** What it cannot do; empty when it can do all. */
  readonly cannot: readonly string[];
}

/** A program that others wrote and that fetches mail by POP3. */
export interface ClientKind extends ClientFacts {
  readonly program: string;
  /** Makes the configuration and gives the command line that fetches once. */
  readonly prepare: (task: ClientTask) => Promise<readonly string[]>;
  /** What it has delivered so far, in any order. */
  readonly delivered: (folder: string) => Promise<Buffer[]>;
  /** What the client adds to a message. */
  readonly without?: RegExp;
}
