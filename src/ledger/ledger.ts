import type { Arrival, Intent, Receipt } from '../delivery/destination.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';
import type {
  Deletable,
  Delivery,
  Failure,
  FoundMessage,
  Imported,
  LedgerRecord,
  Likeness,
  Moment,
  Proof,
  RecordedDelivery,
  RecordId,
  RecordIdentity,
  RecordsByUniqueId,
} from './record.ts';
import type { Taken } from './taken.ts';

/** The last login that a server wants to be left alone after. */
export interface LastLogin {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly delayMs: number;
}

/** What a poll finds of those before it. */
export interface PollMarks {
  /** The one before never ended. */
  readonly interrupted: boolean;
  /** That one had nothing to ask any more about a ledger that may not know what was carried, so that it may have delivered. */
  readonly wasPastAsking: boolean;
  /** The ledger was put back from a backup, so that it may not know what was carried since. */
  readonly ledgerWasPutBack: boolean;
  /** Some message has not come since a poll that never ended, which may have handed it over. */
  readonly inDoubt: boolean;
}

/** How a poll ended. */
export interface PollEnd {
  readonly at: number;
  readonly success: boolean;
  readonly report: string;
  /** Whether what an interrupted poll had left was not yet looked for: then the mark stays. */
  readonly unfinished: boolean;
  /** Whether some message was not looked for yet that an interrupted poll may have handed over: then that mark stays. */
  readonly inDoubt?: boolean | undefined;
  /** Whether what an older copy of the ledger does not know was not yet looked for: then that mark stays. */
  readonly ledgerWasPutBack?: boolean | undefined;
  /** How the maildrop looked, when nothing was left to do there; forgotten otherwise. */
  readonly quiet?: string | undefined;
  /** What somebody was asked about deletions; undefined where the poll could tell nobody. */
  readonly asked?: string | undefined;
}

/** What is known of an account as a whole. Times are in milliseconds since 1970. */
export interface AccountSummary {
  readonly lastPollAt: number | undefined;
  readonly lastSuccessAt: number | undefined;
  /** The report of the last poll, as JSON. */
  readonly lastReport: string | undefined;
  /** Messages and octets delivered, in all and on the day that was asked for. */
  readonly delivered: Amount;
  readonly today: Amount;
  /** Messages whose deletion the server confirmed. */
  readonly deleted: number;
  /** What the daemon noted for itself, as JSON. */
  readonly standing: string | undefined;
}

/** So many messages, and so many octets in all of them. */
export interface Amount {
  readonly messages: number;
  readonly octets: number;
}

/** The day (UTC) of a moment in milliseconds since 1970, as a number. */
export function dayOf(at: number): number {
  return Math.floor(at / 86_400_000);
}

/**
 * One account's part of the ledger: the only memory of what was carried. A promise that resolves means that the
 * record survives loss of power; records asked for at the same time share one commit. Times are milliseconds since 1970.
 */
export interface AccountLedger {
  // A poll, and the account as a whole.

  /**
   * Notes that a poll is under way, so that one that never ends is noticed (I3), and gives what those before it have left.
   */
  openPoll(): Promise<PollMarks>;
  /** Notes of the poll under way, where the ledger may not know what was carried, that it has nothing to ask about that. */
  notePastAsking(): Promise<void>;
  /**
   * Notes whose maildrop this account is. When it was another one, no record says anything about a unique-id of this
   * one any more: all of them count as missing, and `renumbering` says so, until it is noted otherwise.
   */
  takeMaildrop(maildrop: string, at: number): Promise<{ readonly changed: boolean }>;
  /** Notes how the poll has ended, so that the next one does not take it for interrupted. */
  closePoll(end: PollEnd): Promise<void>;
  /** The last login to this maildrop that was noted. */
  lastLogin(): LastLogin | undefined;
  /** Notes a login, for polls of later processes too; undefined where none needs to be known. */
  noteLogin(login: LastLogin | undefined): Promise<void>;
  /** What the last poll that ended has noted as `quiet`. */
  quiet(): string | undefined;
  /** What was noted as `asked` by the last poll that could tell somebody. */
  asked(): string | undefined;
  /** Octets carried on that day, as `dayOf` numbers them. */
  octetsOn(day: number): number;
  /** The sizes of the messages that came last, listed and received, and whether they are gone. */
  recentSizes(): readonly {
    readonly listed: Octets;
    readonly octets: Octets;
    readonly deleted: boolean;
  }[];
  /** What is known of the account as a whole; `day` is the one that counts as today. */
  summary(day: number): AccountSummary;
  /** Notes what the daemon wants to know after a restart. */
  noteStanding(standing: string): Promise<void>;

  // What is known of messages.

  /** The records that should be listed (neither gone nor missing), by unique-id; those without one are left out. */
  listed(): RecordsByUniqueId;
  /** The same one after the other, in the order in which they were made; the ledger must not be used meanwhile. */
  eachListed(): Iterable<LedgerRecord>;
  /** The records with this unique-id, gone ones included. */
  withUniqueId(uid: UniqueId): readonly LedgerRecord[];
  /** The same for many unique-ids, in a few reads: those that no record has are left out. */
  withUniqueIds(uids: Iterable<UniqueId>): RecordsByUniqueId;
  /** The records whose received octets have this SHA-256, gone ones included. */
  withContent(sha256: string): readonly LedgerRecord[];
  /** The messages that some destinations have and others lack, each with its unique-id, if it had one. */
  begun(): ReadonlyMap<RecordId, UniqueId | undefined>;
  /** Whether messages without a unique-id were carried that are not gone. */
  hasNameless(): boolean;
  /** The carried messages that are not gone: those that should be listed, and those that went missing at about that time. */
  identities(missing: Moment): readonly RecordIdentity[];
  /** Whether any carried message is missing, for however long. */
  hasMissing(): boolean;
  /**
   * The carried messages that went missing at any other time and may be one of these, by header or Message-ID. Of all others
   * only one, and one without a known header, if there are any: they say that there is something which nothing tells apart.
   */
  longMissing(which: Moment & Likeness): readonly RecordIdentity[];
  /** By what the message of one record is recognised. */
  identityOf(record: RecordId): RecordIdentity | undefined;
  /** The unique-ids that come from the memory of this program and are not gone or missing. */
  imported(peer: string): ReadonlyMap<UniqueId, RecordId>;

  // What stands in the destinations.

  /** Where a message was delivered to, without what is to be delivered there once more. */
  receiptsOf(record: RecordId): readonly Receipt[];
  /** Whether mail was ever delivered to this destination. */
  used(destination: string): boolean;
  /** All that was delivered to a destination until the first of them is taken, in the order of the records. */
  deliveries(destination: string): Iterable<RecordedDelivery>;
  /** How many of them are `workedOut`. */
  workedOut(destination: string): number;
  /** Those of them that the server listed when it was last asked. */
  listedDeliveries(destination: string): readonly RecordedDelivery[];
  /**
   * Lets the next poll deliver these messages there once more. Until then they count as not delivered there, and are not
   * deletable; what was delivered stays among the `deliveries`.
   */
  deliverAgain(destination: string, records: readonly RecordId[]): Promise<void>;
  /** What is wanted once more, wherever it was delivered to. */
  wanted(): readonly RecordedDelivery[];
  /** Notes that some of what is wanted is back where it was delivered to, so that nobody need deliver it there again. */
  noteBack(deliveries: readonly RecordedDelivery[]): Promise<void>;
  /** The folder that a destination was in when it was last opened, where that was noted. */
  folderOf(destination: string): FolderMark | undefined;
  /** Notes the folder that a destination is in; `changedAt`: when it was found there, where it was in another one before. */
  noteFolder(destination: string, folder: FolderMark, changedAt?: number): Promise<void>;
  /** Whether a message was delivered when its destination was in another folder, as on another disk. */
  wasInFormerFolder(delivery: RecordedDelivery): boolean;
  /** What records and intents of all accounts stand for in a destination. */
  taken(destination: string): readonly Taken[];
  /** What records, of all accounts, say that stands at these places. */
  recordedAt(destination: string, locations: readonly string[]): readonly Receipt[];
  /** What records, of all accounts, say that was stored there with these hashes, wherever it stood then. */
  recordedAs(destination: string, hashes: readonly string[]): readonly Receipt[];
  /** All that was delivered there, for whichever account, in the order of the records; nothing else may be asked meanwhile. */
  arrivals(destination: string): Iterable<Arrival>;
  /** Notes what is about to be appended to a destination, so that it is recognised there after a kill (I3). */
  intend(destination: string, intents: readonly Intent[]): Promise<void>;
  /** The intents whose outcome is not recorded. */
  openIntents(destination: string): readonly Intent[];
  /**
   * The intents for this destination, of all accounts, that were open when the ledger was opened: those of earlier
   * processes. Given once; empty afterwards.
   */
  takeUnfinishedAppends(destination: string): readonly Intent[];

  // A ledger that may not know all that was carried.

  /**
   * Whether nothing is known of what the account has carried: its first poll, or the ledger was lost. An attempt that has
   * failed says nothing of that; it may have ended the very poll that was to find out.
   */
  isNew(): boolean;
  /** The damaged ledger that this one had to replace, if it did. */
  readonly replaced: string | undefined;
  /**
   * True when it is first asked after the ledger was opened: nobody has looked yet whether the destinations know more than
   * it.
   */
  takeFirstLook(): boolean;
  /**
   * What stood in the destinations when the account was new, and no record or intent of any account stands for: mail that was
   * carried before the ledger was lost, or somebody else's.
   */
  found(): readonly FoundMessage[];
  /** Takes these in place of what was found before; intents about their places are dropped. */
  noteFound(messages: readonly FoundMessage[]): Promise<void>;
  /** What another account has carried from this maildrop: the name of that account, by unique-id. */
  carriedAs(): ReadonlyMap<UniqueId, string>;
  /** Whether somebody said that what is not found anywhere is to be carried. */
  carriesUnknown(): boolean;
  /** Notes that what is not found anywhere is to be carried, should the ledger have been lost. */
  carryUnknown(): Promise<void>;

  // What becomes of a message.

  /**
   * Records that a message is safe (I2). `mayWait`: others follow, and nobody waits for this one before `hurry` is called.
   * Raises `PlaceTaken` where one of the claims is that of another record.
   */
  recordDelivery(delivery: Delivery, wish?: { readonly mayWait: boolean }): Promise<RecordId>;
  /** Says that somebody waits for what may wait. */
  hurry(): void;
  /** Records an attempt that came to nothing, and counts it. */
  recordFailure(failure: Failure): Promise<void>;
  /** Forgets a failed attempt that no destination has anything of: another record is that of its message. */
  forgetFailed(record: RecordId): Promise<void>;
  /** Records that these messages count as carried, without having been; each with the size that it is listed with. */
  recordAdopted(sizes: ReadonlyMap<UniqueId, Octets | undefined>, at: number): Promise<void>;
  /**
   * Records that these messages count as carried, since another program remembers them: since when is in `seenAt`.
   * What is known already stays as it is. Resolves to how many were new.
   */
  recordImported(messages: readonly Imported[], peer: string): Promise<number>;
  /** Notes that messages are listed again whose records were gone or missing, since their content is the same. */
  noteRecognised(records: readonly RecordId[]): Promise<void>;
  /** Notes that a message was compared with what stands here, octet by octet: it is `workedOut` no longer. */
  noteProven(record: RecordId, received: Proof): Promise<void>;
  /** Notes that messages have new unique-ids (I8). */
  noteRenumbered(records: ReadonlyMap<RecordId, UniqueId>): Promise<void>;
  /** Whether the server has changed its unique-ids and not all messages are recognised yet. */
  renumbering(): boolean;
  /** Notes what `renumbering` is to say from now on. */
  noteRenumbering(renumbering: boolean): Promise<void>;
  /** Notes with which sizes carried messages are listed now. */
  noteListed(sizes: ReadonlyMap<RecordId, Octets>): Promise<void>;
  /** Notes that a carried message was asked for once more, listed with this size, and that nothing came of it. */
  noteAskedAgain(record: RecordId, listedOctets: Octets | undefined, at: number): Promise<void>;

  // Its deletion on the server.

  /** The records that may be deleted on the server: delivered by then, and not gone (I1). */
  deletable(deliveredUntil: number, soon?: number): ReadonlyMap<RecordId, Deletable>;
  /** How many messages that were not pending were deleted in one poll, at most so far. */
  mostDeleted(): number;
  /** Notes how many messages that were not pending a poll has deleted. */
  noteDeleted(count: number): Promise<void>;
  /** Notes that DELE is about to be sent. */
  noteDeleSent(records: readonly RecordId[], at: number): Promise<void>;
  /** Notes that the server has refused DELE, or that the message is there still. */
  noteDeleRefused(records: readonly RecordId[]): Promise<void>;
  /** Notes that the server confirmed the deletions, or lists no longer what DELE was sent for. */
  noteGone(records: readonly RecordId[], at: number): Promise<void>;
  /** Notes that messages which are not gone are no longer listed, unless they have other unique-ids by now. */
  noteMissing(records: ReadonlyMap<RecordId, UniqueId>, at: number): Promise<void>;
}

/** The ledger, owned by this process alone until it is closed (I6). */
export interface Ledger {
  /** The part of an account, which it gets when it is first asked for. */
  account(name: string): AccountLedger;
  close(): void;
}
