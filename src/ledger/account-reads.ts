import { chunksOf } from '../chunks.ts';
import type { Arrival, Intent, Receipt } from '../delivery/destination.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { Row } from './database.ts';
import type { AccountLedger, AccountSummary, LastLogin } from './ledger.ts';
import type {
  Deletable,
  FoundMessage,
  LedgerRecord,
  Likeness,
  Moment,
  RecordedDelivery,
  RecordId,
  RecordIdentity,
  RecordsByUniqueId,
} from './record.ts';
import {
  addByUniqueId,
  optionalText,
  toArrival,
  toDeletable,
  toFolder,
  toFound,
  toIdentity,
  toIntent,
  toReceipt,
  toRecord,
  toRecordedDelivery,
  toRecordIds,
  toSummary,
  toTaken,
} from './rows.ts';
import type { LedgerStatements } from './statements.ts';
import { type Taken, withoutTaken } from './taken.ts';

/** How many of the messages that came last tell what the sizes are worth that a server lists. */
const SIZES_REMEMBERED = 50;

/** How many unique-ids or records are asked for in one read. */
const AT_ONCE = 1000;

/** What one account's part of the SQLite ledger knows. Changes nothing. */
export class AccountReads {
  protected readonly account: number;
  protected readonly statements: LedgerStatements;

  constructor(account: number, statements: LedgerStatements) {
    this.account = account;
    this.statements = statements;
  }

  /** What is noted of the account itself; nothing of one that there is not. */
  protected get row(): Row {
    return this.statements.ofAccount.get(this.account) ?? {};
  }

  lastLogin(): LastLogin | undefined {
    const { logged_in_at: at, login_delay_ms: delayMs } = this.row;
    return typeof at === 'number' ? { at, delayMs: Number(delayMs) } : undefined;
  }

  quiet(): string | undefined {
    return optionalText(this.row['quiet']);
  }

  asked(): string | undefined {
    return optionalText(this.row['asked']);
  }

  listed(): RecordsByUniqueId {
    const records = new Map<UniqueId, readonly LedgerRecord[]>();
    addByUniqueId(records, this.eachListed());
    return records;
  }

  *eachListed(): Iterable<LedgerRecord> {
    for (const row of this.statements.listed.each(this.account)) yield toRecord(row);
  }

  withUniqueId(uid: UniqueId): readonly LedgerRecord[] {
    return this.statements.withUniqueId.all(this.account, uid).map(toRecord);
  }

  withUniqueIds(uids: Iterable<UniqueId>): RecordsByUniqueId {
    const records = new Map<UniqueId, readonly LedgerRecord[]>();
    // On the first poll of an account all that is listed is asked for, more than once.
    if (this.statements.hasRecords.get(this.account) === undefined) return records;
    for (const some of chunksOf(uids, AT_ONCE)) {
      const wanted = JSON.stringify(some.filter((uid) => !records.has(uid)));
      addByUniqueId(records, this.statements.withUniqueIds.all(this.account, wanted).map(toRecord));
    }
    return records;
  }

  withContent(sha256: string): readonly LedgerRecord[] {
    return this.statements.withContent.all(this.account, Buffer.from(sha256, 'hex')).map(toRecord);
  }

  deletable(deliveredUntil: number, soon = 0): ReadonlyMap<RecordId, Deletable> {
    const rows = this.statements.deletable.all(this.account, deliveredUntil, soon);
    return new Map(rows.map((row) => [row['id'] as RecordId, toDeletable(row)]));
  }

  mostDeleted(): number {
    return Number(this.row['most_deleted'] ?? 0);
  }

  octetsOn(day: number): number {
    return Number(this.statements.octetsOn.get(this.account, day)?.['octets'] ?? 0);
  }

  recentSizes(): ReturnType<AccountLedger['recentSizes']> {
    return this.statements.recentSizes.all(this.account, SIZES_REMEMBERED).map((row) => ({
      listed: Number(row['listed_octets']),
      octets: Number(row['octets']),
      deleted: row['gone_at'] !== null,
    }));
  }

  summary(day: number): AccountSummary {
    return toSummary(this.statements.summary.get(day, this.account) ?? {});
  }

  receiptsOf(record: RecordId): readonly Receipt[] {
    return this.statements.receipts.all(record).map(toReceipt);
  }

  *deliveries(destination: string): Iterable<RecordedDelivery> {
    const rows = this.statements.delivered.each(destination, this.account);
    const messages = Array.from(rows, ({ message }) => Number(message));
    for (const some of chunksOf(messages, AT_ONCE))
      yield* this.statements.deliveries.all(destination, JSON.stringify(some)).map(toRecordedDelivery);
  }

  listedDeliveries(destination: string): readonly RecordedDelivery[] {
    const rows = this.statements.listedDeliveries.all(this.account, destination);
    return rows.map(toRecordedDelivery);
  }

  workedOut(destination: string): number {
    return Number(this.statements.workedOut.get(this.account, destination)?.['count'] ?? 0);
  }

  wanted(): readonly RecordedDelivery[] {
    const rows = this.statements.wanted.all(this.account);
    return rows.map(toRecordedDelivery);
  }

  folderOf(destination: string): FolderMark | undefined {
    return this.statements.folder.all(destination).map(toFolder)[0];
  }

  wasInFormerFolder({ record, receipt }: RecordedDelivery): boolean {
    return this.statements.inFormerFolder.get(record, receipt.destination) !== undefined;
  }

  isNew(): boolean {
    return this.statements.isKnown.get(this.account)?.['known'] !== 1;
  }

  found(): readonly FoundMessage[] {
    const found = this.statements.found.all(this.account).map(toFound);
    return withoutTaken(found, (destination) => this.taken(destination));
  }

  taken(destination: string): readonly Taken[] {
    return this.statements.taken.all(destination).map(toTaken);
  }

  carriedAs(): ReadonlyMap<UniqueId, string> {
    const rows = this.statements.carriedAs.all(this.account);
    return new Map(rows.map((row) => [row['uid'] as UniqueId, String(row['name'])]));
  }

  carriesUnknown(): boolean {
    return this.row['carry_unknown'] === 1;
  }

  get replaced(): string | undefined {
    return optionalText(this.statements.replaced.get()?.['path']);
  }

  hasNameless(): boolean {
    return this.statements.nameless.get(this.account) !== undefined;
  }

  begun(): ReadonlyMap<RecordId, UniqueId | undefined> {
    const rows = this.statements.begun.all(this.account);
    return new Map(rows.map((row) => [row['id'] as RecordId, (row['uid'] ?? undefined) as UniqueId]));
  }

  renumbering(): boolean {
    return this.row['renumbering'] === 1;
  }

  identities({ at, withinMs }: Moment): readonly RecordIdentity[] {
    const rows = this.statements.identities.each(this.account, at - withinMs, at + withinMs);
    return Array.from(rows, toIdentity);
  }

  hasMissing(): boolean {
    return this.statements.someMissing.get(this.account) !== undefined;
  }

  longMissing({ at, withinMs, headers, messageIds }: Moment & Likeness): readonly RecordIdentity[] {
    const alike = [JSON.stringify([...headers]), JSON.stringify([...messageIds])];
    // Over the years these become more than all others, so they are looked through and not given.
    const rows = this.statements.longMissing.all(this.account, at - withinMs, at + withinMs, ...alike);
    // The one that is given in any case may be asked for, too.
    return [...new Map(rows.map((row) => [row['id'], toIdentity(row)])).values()];
  }

  identityOf(record: RecordId): RecordIdentity | undefined {
    return this.statements.identity.all(record).map(toIdentity)[0];
  }

  used(destination: string): boolean {
    return this.statements.used.get(destination) !== undefined;
  }

  openIntents(destination: string): readonly Intent[] {
    const rows = this.statements.intents.all(this.account, destination);
    return rows.map((row) => toIntent({ ...row, destination }));
  }

  recordedAt(destination: string, locations: readonly string[]): readonly Receipt[] {
    return this.statements.recordedAt.all(destination, JSON.stringify(locations)).map(toReceipt);
  }

  recordedAs(destination: string, hashes: readonly string[]): readonly Receipt[] {
    return this.statements.recordedAs.all(destination, JSON.stringify(hashes)).map(toReceipt);
  }

  *arrivals(destination: string): Iterable<Arrival> {
    for (const row of this.statements.arrivals.each(destination)) yield toArrival(row);
  }

  imported(peer: string): ReadonlyMap<UniqueId, RecordId> {
    return toRecordIds(this.statements.imported.all(this.account, peer));
  }

  importedUnsized(): ReadonlyMap<UniqueId, RecordId> {
    return toRecordIds(this.statements.importedUnsized.all(this.account));
  }
}
