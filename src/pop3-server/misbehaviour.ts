import type { Command } from './command.ts';
import type { ListedAs } from './locked-maildrop.ts';
import type { OnStatus } from './replies.ts';

/**
 * The one way in which faults reach a session. A session without faults has none of these and pays nothing.
 */
export interface Misbehaviour {
  /** Capabilities and commands that this session does not have, in upper case. */
  readonly hidden: readonly string[];
  /** What the session says about a message. */
  listedAs(truth: ListedAs, number: number): ListedAs;
  /** Stands between the session and the line for every octet sent. */
  send(octets: Buffer): Promise<void>;
  /**
   * Stands around every command, and around the greeting; may leave `perform` out, and then says itself which status
   * line it sends. Raises `SessionCut`.
   */
  around(command: Command, perform: () => Promise<void>, onStatus: OnStatus): Promise<void>;
}

/** Ends the session as scripted; not an error of anybody. */
export class SessionCut extends Error {
  /** True when the deletions marked so far become real. */
  readonly commit: boolean;

  constructor(commit: boolean) {
    super('The session was cut on purpose.');
    this.name = 'SessionCut';
    this.commit = commit;
  }
}
