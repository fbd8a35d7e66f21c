import type { Receipt, ReceivedIdentity } from '../delivery/destination.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';

declare const brand: unique symbol;

/** The number of a record in the ledger. */
export type RecordId = number & { readonly [brand]: 'RecordId' };

/**
 * What is known of one message. An `adopted` one counts as carried because somebody said so, and is never deleted; a
 * `failed` one was tried; a `quarantined` one was tried too often.
 */
export interface LedgerRecord {
  readonly id: RecordId;
  readonly uid: UniqueId | undefined;
  readonly outcome: 'delivered' | 'adopted' | 'failed' | 'quarantined';
  /** SHA-256 of the received octets in hexadecimal. */
  readonly sha256: string | undefined;
  readonly attempts: number;
  /** Its size as it was received, and by LIST at that time. */
  readonly octets?: Octets | undefined;
  readonly listedOctets?: Octets | undefined;
  /** When it was last tried, in milliseconds since 1970. */
  readonly triedAt: number;
  /** When all its destinations had it safe. */
  readonly deliveredAt: number | undefined;
  /** When the server had confirmed its deletion by its answer to QUIT, or by listing it no longer after DELE. */
  readonly goneAt: number | undefined;
  /** Whether DELE was sent for it, and not refused: when it is no longer listed, that is our doing. */
  readonly deleSent: boolean;
  /** As in `Delivery`. */
  readonly workedOut: boolean;
  /** Since when the server no longer lists it, without our doing. */
  readonly missingAt: number | undefined;
  /** The destinations that have it safe while others have not; empty once it is delivered. */
  readonly destinations: readonly string[];
}

/** Records by their unique-id, those that share one in the order in which they were made. */
export type RecordsByUniqueId = ReadonlyMap<UniqueId, readonly LedgerRecord[]>;

/** A message that is safe in the destinations that gave the receipts (I2: recorded after that, never before). */
export interface Delivery {
  /** The record of an earlier attempt at the same message, if there is one. */
  readonly record: RecordId | undefined;
  readonly uid: UniqueId | undefined;
  readonly tag: string;
  /** Octets as received, after unstuffing, and their SHA-256; undefined where they are not known. */
  readonly octets: Octets | undefined;
  readonly sha256: string | undefined;
  readonly listedOctets?: Octets | undefined;
  readonly messageId: string | undefined;
  /** SHA-256 of the header as received, in hexadecimal. */
  readonly headerSha256: string | undefined;
  readonly receipts: readonly Receipt[];
  /** Those of them that were found, of which no other message may have become the owner meanwhile. */
  readonly claims?: readonly Receipt[] | undefined;
  /** Whether all destinations of the account have it. */
  readonly complete: boolean;
  /** Whether what it was when it came is known only from what stands here: the ledger was lost since. */
  readonly workedOut?: boolean;
  readonly at: number;
}

/** An attempt at a message that came to nothing. */
export interface Failure {
  readonly record: RecordId | undefined;
  readonly uid: UniqueId | undefined;
  /** Of what came, where the same has to come once more to be believed; undefined: what was known of it stays. */
  readonly sha256?: string | undefined;
  readonly error: string;
  readonly quarantined: boolean;
  readonly at: number;
}

/** A record that may be deleted on the server. */
export interface Deletable {
  /**
   * Whether its deletion was under way already, or it was delivered since the last poll that went well. One that
   * is not was kept on purpose until now.
   */
  readonly pending: boolean;
  /** As in `Delivery`: what is here must be compared with the message once more. */
  readonly workedOut: boolean;
  /** Its size as received, and by LIST when it was delivered, where they are known. */
  readonly octets: Octets | undefined;
  readonly listedOctets: Octets | undefined;
}

/** What was delivered of a message, and its record. */
export interface RecordedDelivery {
  readonly record: RecordId;
  readonly receipt: Receipt;
}

/** By what a carried message is recognised when its unique-id has changed. */
export interface RecordIdentity {
  readonly id: RecordId;
  readonly uid: UniqueId | undefined;
  readonly octets: Octets | undefined;
  readonly messageId: string | undefined;
  readonly headerSha256: string | undefined;
  /** As in `LedgerRecord`. */
  readonly missingAt: number | undefined;
}

/** About which time, in milliseconds since 1970: the clock may have been set since. */
export interface Moment {
  readonly at: number;
  readonly withinMs: number;
}

/** By what a message may be one that is known: SHA-256 of its header, in hexadecimal, and Message-IDs. */
export interface Likeness {
  readonly headers: ReadonlySet<string>;
  readonly messageIds: ReadonlySet<string>;
}

/** A message that stood in a destination already. */
export interface FoundMessage {
  readonly receipt: Receipt;
  readonly received: ReceivedIdentity;
}

/** A message that another program remembers as carried. */
export interface Imported {
  readonly uid: UniqueId;
  readonly seenAt: number;
}

/** What was received of a message that turned out to be what stands here: SHA-256 in hexadecimal. */
export interface Proof {
  readonly sha256: string;
  readonly octets: Octets;
}
