import type { Users } from './authentication.ts';
import type { Command } from './command.ts';
import type { LockedMaildrop } from './locked-maildrop.ts';
import type { Maildrop } from './maildrop.ts';
import type { Patience } from './patience.ts';
import type { Replies } from './replies.ts';

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
  /** Capabilities and commands that this session does not have, in upper case. */
  readonly hidden: ReadonlySet<string>;
  /** True when nobody may log in before STLS. */
  readonly requireTls: boolean;
  /** True once TLS is under the line. */
  readonly secure: boolean;
  /** True when STLS can be done now. */
  readonly canStartTls: boolean;
  /** Puts TLS under the line (RFC 2595 §4); raises `WireError` when that fails. */
  readonly startTls: () => Promise<void>;
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
}

/** What a state does at a command, with its arguments one by one. */
export interface CommandRule {
  /** The least and the most arguments; without it the argument is taken as it came, spaces and all. */
  readonly takes?: readonly [number, number];
  readonly perform: (command: Command, args: readonly string[]) => Promise<State | undefined>;
}
