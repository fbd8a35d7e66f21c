import type { PollReport } from './report.ts';

/** What the server told about itself in the login. */
export interface ServerFacts {
  /** The least time between two logins that it wants (RFC 2449 §6.5), in milliseconds; 0 where it wants none. */
  readonly loginDelayMs: number;
  /** When its certificate ends, in milliseconds since 1970; undefined without TLS. */
  readonly certificateExpiresAt: number | undefined;
}

/** Watches a poll. Nothing in the poll depends on it. */
export interface PollObserver {
  /** A session is logged in. */
  loggedIn?(account: string, facts: ServerFacts): void;
  /** A session has its listing: so many messages, with so many octets by LIST, are going to be retrieved. */
  planned?(account: string, messages: number, octets: number): void;
  /** Octets have arrived. */
  received?(account: string, octets: number): void;
  /** A message is safe and recorded, or was recognised as safe already. */
  carried?(account: string): void;
  /** Something that a person should know, although the poll goes on. */
  noticed?(account: string, notice: string): void;
  finished?(report: PollReport): void;
}
