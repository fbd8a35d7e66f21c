import type { Octets } from '../pop3/types.ts';

/** Messages as octets or as text, which is sent as UTF-8; a single text is none of them. */
export type Messages = Iterable<Uint8Array | string> & object;

/** One message of a maildrop, as it was when the maildrop was listed. */
export interface StoredMessage {
  /**
   * Its unique-id (RFC 1939 §7): the same in every session as long as the message is there. 1 to 1024 octets, one
   * character each, without control characters; by the RFC it should be 1 to 70 of 0x21 to 0x7E.
   */
  readonly uid: string;
  /** Exactly the octets that `read` gives, plus the CRLF that RETR adds where the last line has none. */
  readonly octets: Octets;
  /** When it came, in milliseconds since 1970, where that is known. */
  readonly receivedAt?: number | undefined;
  /**
   * The octets of the message, lines ended by CRLF, in blocks of moderate size. The caller reads to the end or
   * returns the iterator. Rejects, before the first block where possible, when the message cannot be had.
   */
  read(): AsyncIterable<Uint8Array>;
}

/** Takes the reason why a message is not listed; the server tells `observe` of it as `trouble`. */
export type ReportTrouble = (error: unknown) => void;

/**
 * Where the messages of one user are. A session calls `list` once at login and `remove` at most once, in the
 * UPDATE state; the server holds the exclusive-access lock (RFC 1939 §4) from before the one to after the other. A
 * maildrop that never answers keeps its lock, and holds up nothing but its own session.
 */
export interface Maildrop {
  /**
   * The messages in their order. One that cannot be read should be left out and reported, so that it does not keep its
   * owner from the others. A rejection refuses the login with `[SYS/TEMP]`, a list that cannot be sent with `[SYS/PERM]`.
   */
  list(report?: ReportTrouble): Promise<readonly StoredMessage[]>;
  /** Learns, in the UPDATE state and before `remove`, which messages RETR has sent whole. Rejects as `remove` does. */
  retrieved?(messages: readonly StoredMessage[]): Promise<void>;
  /**
   * Takes these messages, all from the last `list`, away for good; resolves when that is durable. Rejects when
   * some are still there; others may be gone.
   */
  remove(messages: readonly StoredMessage[]): Promise<void>;
}
