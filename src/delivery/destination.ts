import type { MailError } from '../errors.ts';
import type { Octets } from '../pop3/types.ts';

/** Where a stored message is, and what it must look like there: the proof that it is safe. */
export interface Receipt {
  /** Which destination, as `destinationName` gives it. */
  readonly destination: string;
  /** Where in it: the file's base name in a Maildir, the offset of its From_ line in an mbox. */
  readonly location: string;
  /** Size of what was stored, after the transforms that the destination declares. */
  readonly octets: Octets;
  /** SHA-256 in hexadecimal: what `verify` compares. */
  readonly sha256: string;
  /** What was hashed: the stored octets, or (`crlf`) those with CRLF in place of each LF, which is what was received. */
  readonly hashOf?: 'crlf' | undefined;
  /**
   * Of a message in an mbox that has fields as mail programs write them into a header: SHA-256 of it without these, by which it is
   * known once they are others.
   */
  readonly unmarkedSha256?: string | undefined;
  /** That of the message, where it is known: it tells a copy that has changed from other mail. */
  readonly messageId?: string | undefined;
  /** What somebody should know of a delivery that has succeeded: a sentence. It is not recorded. */
  readonly remark?: string | undefined;
}

/** The hash by which a stored message is known whatever a mail program writes into its header. */
export function contentOf({
  sha256,
  unmarkedSha256,
}: {
  readonly sha256: string;
  readonly unmarkedSha256?: string | undefined;
}): string {
  return unmarkedSha256 ?? sha256;
}

/** What is known of all that was delivered, by whichever account. */
export interface RecordedReceipts {
  /**
   * The receipts of what was stored there with one of these hashes, with or without the fields of mail programs, wherever it
   * stood then.
   */
  recordedAs(destination: string, hashes: readonly string[]): readonly Receipt[];
  /** The receipts of what was stored at these places in it. */
  recordedAt(destination: string, locations: readonly string[]): readonly Receipt[];
}

/** What is known of deliveries in their order. */
export interface RecordedArrivals {
  /** All that was delivered there, one after the other in the order of the records. */
  arrivals(destination: string): Iterable<Arrival>;
}

/** What a record says of a message that was delivered to one destination. */
export interface Arrival {
  readonly record: number;
  readonly receipt: Receipt;
  /** When it was, in milliseconds since 1970. */
  readonly deliveredAt: number;
  readonly messageId: string | undefined;
  /** Of the header as it was received, as `headerHash` makes it. */
  readonly headerSha256: string | undefined;
}

/** What a destination is told about a message when it is to become visible. */
export interface Envelope {
  /** Short hash of account and identity; a destination that can, shows it in the name it gives. */
  readonly tag: string;
  /** SHA-256 of the message as it was received, in hexadecimal. */
  readonly sha256: string;
  /** Where it is by the ledger, as receipts name their destinations: who has it there gets it no second time. */
  readonly have?: readonly string[] | undefined;
}

/** A delivery that has failed for some recipients of a message, while others have it for good. */
export class PartlyDelivered extends Error {
  readonly failure: MailError;
  /** One for each recipient who has it, as if it were a destination of its own. */
  readonly receipts: readonly Receipt[];

  constructor(failure: MailError, receipts: readonly Receipt[]) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.receipts = receipts;
  }
}

/**
 * A message on its way into one destination: invisible until `commit`, gone without trace after `discard`. One
 * of the two must be called, once.
 */
export interface Draft {
  /** Takes the next octets as received; they must not be changed afterwards. Undefined where nobody has to wait. */
  write(block: Buffer): Promise<void> | undefined;
  /**
   * Makes the message visible, whole or not at all. Resolves only when it survives loss of power (I2); when it
   * rejects, nothing of the message is visible.
   */
  commit(envelope: Envelope): Promise<Receipt>;
  /** Gives the message up, also one that could not be written; leaves nothing behind. */
  discard(): Promise<void>;
}

/** What a destination is about to append, noted so that it is recognised there after a crash (I3). */
export interface Intent {
  readonly tag: string;
  readonly receipt: Receipt;
  /** How the stored message begins, so that a piece of it is known again. */
  readonly opening: Buffer;
}

/**
 * A message as it was received, worked out from what is stored. What is found in an mbox may hold fields of mail programs, or have
 * come with such: there only `sha256` counts them.
 */
export interface ReceivedIdentity {
  readonly octets: Octets;
  /** Hexadecimal SHA-256 of the octets, and of the header as `headerHash` makes it. */
  readonly sha256: string;
  /**
   * SHA-256 of the octets with LF in place of each CRLF. A message that had bare LFs is recognised by it, since what is stored
   * does not show which line ends were bare. Undefined where it is not known.
   */
  readonly lfSha256?: string | undefined;
  readonly headerSha256: string | undefined;
  readonly messageId: string | undefined;
}

/** A message that was found in a destination. */
export interface Recovered {
  readonly receipt: Receipt;
  readonly received: ReceivedIdentity;
}

/** A message that stands in a destination. */
export interface StoredMessage {
  readonly receipt: Receipt;
  readonly received: ReceivedIdentity;
  readonly tag: string | undefined;
}

/**
 * What has become of a stored message: `missing` when its owner has moved or deleted it; `lost` when the place itself is
 * gone or was made anew since; `unreadable` when it is there and cannot be read; `handed-over` to somebody who answers for
 * it, where we cannot look; `marked` when it is intact except for fields that mail programs write into its header.
 */
export type StoredState = 'intact' | 'marked' | 'changed' | 'missing' | 'lost' | 'unreadable' | 'handed-over';

/** What a poll that was killed may have left: delivered and not recorded, or half written (I3). */
export interface Unfinished {
  /** The tags of the messages that are listed and not recorded. */
  readonly tags: Pick<ReadonlySet<string>, 'has'>;
  /** Locations under such tags that a record stands for already, so that they are no other message's. */
  readonly recorded?: ReadonlySet<string> | undefined;
  /** The intents whose outcome is not recorded. */
  readonly intents: readonly Intent[];
}

/**
 * A place where mail goes. Drafts may be written and committed at the same time; what they have in common (fsync of a
 * folder, the lock of a file) is shared between them.
 */
export interface Destination {
  /** As `destinationName` gives it. */
  readonly name: string;
  /**
   * Whether each message has a name of its own there, which shows its tag and stays whatever becomes of the others. In an mbox
   * it has only a place, which moves when its owner removes mail before it.
   */
  readonly hasNames: boolean;
  /** Whether what was delivered there can be looked at; else it was handed over for good, and nothing is found there. */
  readonly isReadable: boolean;
  /** Begins a message; nothing of it is visible before its draft is committed. */
  begin(): Draft;
  /**
   * After a poll that did not end: what had become visible all the same, by tag, now surely durable. What is half
   * written is removed.
   */
  recover(unfinished: Unfinished): Promise<ReadonlyMap<string, Recovered>>;
  /**
   * All messages that stand there, whoever put them there; with the tag of those that show one. Nothing may be written
   * there by us while it is read.
   */
  messages(): AsyncIterable<StoredMessage>;
  /**
   * Re-reads stored messages and compares them with their receipts. The states come in the order of the receipts; these are
   * all taken before the folder or file is looked at, or one by one along with the states.
   */
  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState>;
  close(): Promise<void>;
  /**
   * An earlier poll may have handed over what is not recorded: from now on each message is looked for before it is handed over,
   * where that can be done. `lately`: perhaps just now, so that it may still be on its way.
   */
  doubt?(lately: boolean): void;
  /** Gives up what is under way, where that can be found again later: somebody who has asked to stop waits no longer. */
  abandon?(): void;
}

/** Gives up what is under way at these places as soon as the signal says so. */
export function abandonedAt(
  signal: AbortSignal,
  places: readonly Pick<Destination, 'abandon'>[],
): Disposable {
  const abandon = (): void => {
    for (const place of places) place.abandon?.();
  };
  if (signal.aborted) abandon();
  signal.addEventListener('abort', abandon, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', abandon) };
}
