import type { ServerMeans } from '../sasl/exchange.ts';
import type { MechanismName } from '../sasl/mechanisms.ts';
import type { Command } from './command.ts';
import type { LockedMaildrop } from './locked-maildrop.ts';
import type { LoginDelays } from './login-delays.ts';
import type { Maildrop } from './maildrop.ts';
import type { Patience } from './patience.ts';
import type { Profile } from './profile.ts';
import type { Replies } from './replies.ts';
import type { Users } from './users.ts';

/** A state of the session (RFC 1939 §3): it knows its commands and nothing of the others. */
export interface State {
  /**
   * Answers one command and gives the state that follows; undefined when the session is over. Raises `WireError`
   * when the line has failed.
   */
  perform(command: Command): Promise<State | undefined>;
}

/** What a server does about guessing. */
export interface FailedLogins {
  readonly most: number;
  readonly delayMs: number;
}

/** What the states need of the session around them. */
export interface SessionContext {
  readonly replies: Replies;
  readonly patience: Patience;
  readonly users: Users;
  readonly profile: Profile;
  readonly loginDelays: LoginDelays;
  /** Capabilities and commands that this session does not have, in upper case. */
  readonly hidden: ReadonlySet<string>;
  /** True while nobody may log in before STLS. */
  readonly mustStartTls: () => boolean;
  /** True when STLS can be done now. */
  readonly canStartTls: () => boolean;
  /** Puts TLS under the line (RFC 2595 §4); raises `WireError` when that fails. */
  readonly startTls: () => Promise<void>;
  /** The lines of CAPA, before or after the login. */
  readonly capabilities: (when: 'before' | 'after') => readonly string[];
  /** What AUTH takes just now. */
  readonly mechanisms: () => readonly MechanismName[];
  readonly saslMeans: () => ServerMeans;
  /** That of the greeting (RFC 1939 §7, APOP); undefined where it had none. */
  readonly timestamp: string | undefined;
  /** Whether the client has said UTF8 (RFC 6856 §2.1). */
  readonly utf8: { enabled: boolean };
  /** The client's next line, not a command and never shown (RFC 5034 §4); undefined for one that is too long. */
  readonly readResponse: () => Promise<string | undefined>;
  /** How many failed logins are answered, and how long each answer is put off, in milliseconds. */
  readonly failedLogins: FailedLogins;
  /** Resolves after so many milliseconds; rejects when the session has ended. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Takes the lock and lists the maildrop; undefined when another session has it. Rejects when it cannot be listed. */
  readonly openMaildrop: (maildrop: Maildrop) => Promise<LockedMaildrop | undefined>;
  /** Tells whoever runs the server what the client is not told. */
  readonly onTrouble: (error: unknown) => void;
  readonly onEntered: (user: string, by: string) => void;
}

/** What a state does at a command, with its arguments one by one. */
export interface CommandRule {
  /** The least and the most arguments; without it the argument is taken as it came, spaces and all. */
  readonly takes?: readonly [number, number];
  readonly perform: (command: Command, args: readonly string[]) => Promise<State | undefined>;
}
