import type { Intent, Receipt } from '../delivery/destination.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';
import { writeAdopted, writeImported } from './adopted.ts';
import { chunksOf } from './chunks.ts';
import { dropFailed, markAgain, markBack, readListedDeliveries, readWanted } from './deliver-again.ts';
import { writeFound } from './found-messages.ts';
import type { GroupCommit } from './group-commit.ts';
import type { KnownIntents } from './known-intents.ts';
import type {
  AccountLedger,
  AccountSummary,
  Deletable,
  Delivery,
  Failure,
  FoundMessage,
  Imported,
  LastLogin,
  LedgerRecord,
  ListedDelivery,
  PollEnd,
  Proof,
  RecordId,
  RecordIdentity,
  RecordsByUniqueId,
} from './ledger.ts';
import { writeDelivery, writeFailure } from './record-delivery.ts';
import {
  addByUniqueId,
  blob,
  optionalNumber,
  optionalText,
  toDeletable,
  toFolder,
  toFound,
  toIdentity,
  toIntent,
  toReceipt,
  toRecord,
  toSummary,
  toTaken,
} from './rows.ts';
import type { SharedParts } from './shared-parts.ts';
import { LEDGER_OLD, type LedgerStatements, POLL_OPEN } from './statements.ts';
import { type Taken, withoutTaken } from './taken.ts';

/** How many of the messages that came last tell what the sizes are worth that a server lists. */
const SIZES_REMEMBERED = 50;

/** How many unique-ids or records are asked for in one read. */
const AT_ONCE = 1000;

/** One account's part of the SQLite ledger. */
export class SqliteAccountLedger implements AccountLedger {
  readonly #account: number;
  readonly #statements: LedgerStatements;
  readonly #commits: GroupCommit;
  readonly #intents: KnownIntents;
  readonly #looked: Set<number>;

  constructor(account: number, { statements, commits, intents, looked }: SharedParts) {
    this.#account = account;
    this.#statements = statements;
    this.#commits = commits;
    this.#intents = intents;
    this.#looked = looked;
  }

  async openPoll(): Promise<{ readonly interrupted: boolean; readonly isOld: boolean }> {
    const opened = await this.#commits.run(() => {
      const marks = Number(this.#statements.pollOpen.get(this.#account)?.['poll_open']);
      this.#statements.setPollOpen.run(this.#account);
      return { interrupted: (marks & POLL_OPEN) !== 0, isOld: (marks & LEDGER_OLD) !== 0 };
    });
    // Not before: a poll that could not be opened is never closed.
    this.#commits.polls += 1;
    return opened;
  }

  async closePoll({ at, success, report, unfinished, isOld, quiet, asked }: PollEnd): Promise<void> {
    this.#commits.polls -= 1;
    await this.#commits.run(() => {
      const successAt = success ? at : null;
      const marks = (unfinished ? POLL_OPEN : 0) | (isOld === true ? LEDGER_OLD : 0);
      const notes = [report, quiet ?? null, asked ?? null];
      this.#statements.closePoll.run(marks, at, ...notes, successAt, this.#account);
      if (success) this.#statements.settle.run(this.#account);
      if (!unfinished) this.#statements.dropIntents.run(this.#account);
    });
  }

  lastLogin(): LastLogin | undefined {
    const row = this.#statements.lastLogin.get(this.#account);
    const at = optionalNumber(row?.['logged_in_at'] ?? null);
    return at === undefined ? undefined : { at, delayMs: Number(row?.['login_delay_ms'] ?? 0) };
  }

  async noteLogin(login: LastLogin | undefined): Promise<void> {
    if (login === undefined && this.lastLogin() === undefined) return;
    await this.#commits.run(() =>
      this.#statements.setLogin.run(login?.at ?? null, login?.delayMs ?? null, this.#account),
    );
  }

  quiet(): string | undefined {
    return optionalText(this.#statements.quiet.get(this.#account)?.['quiet']);
  }

  asked(): string | undefined {
    return optionalText(this.#statements.asked.get(this.#account)?.['asked']);
  }

  listed(): RecordsByUniqueId {
    const records = new Map<UniqueId, readonly LedgerRecord[]>();
    addByUniqueId(records, this.eachListed());
    return records;
  }

  *eachListed(): Iterable<LedgerRecord> {
    for (const row of this.#statements.listed.each(this.#account)) yield toRecord(row);
  }

  withUniqueId(uid: UniqueId): readonly LedgerRecord[] {
    return this.#statements.withUniqueId.all(this.#account, uid).map(toRecord);
  }

  withUniqueIds(uids: Iterable<UniqueId>): RecordsByUniqueId {
    const records = new Map<UniqueId, readonly LedgerRecord[]>();
    for (const some of chunksOf(uids, AT_ONCE)) {
      const wanted = JSON.stringify(some.filter((uid) => !records.has(uid)));
      addByUniqueId(records, this.#statements.withUniqueIds.all(this.#account, wanted).map(toRecord));
    }
    return records;
  }

  withContent(sha256: string): readonly LedgerRecord[] {
    return this.#statements.withContent.all(this.#account, Buffer.from(sha256, 'hex')).map(toRecord);
  }

  deletable(deliveredUntil: number, soon = 0): ReadonlyMap<RecordId, Deletable> {
    const rows = this.#statements.deletable.all(this.#account, deliveredUntil, soon);
    return new Map(rows.map((row) => [row['id'] as RecordId, toDeletable(row)]));
  }

  mostDeleted(): number {
    return Number(this.#statements.mostDeleted.get(this.#account)?.['most_deleted'] ?? 0);
  }

  octetsOn(day: number): number {
    return Number(this.#statements.octetsOn.get(this.#account, day)?.['octets'] ?? 0);
  }

  recentSizes(): ReturnType<AccountLedger['recentSizes']> {
    return this.#statements.recentSizes.all(this.#account, SIZES_REMEMBERED).map((row) => ({
      listed: Number(row['listed_octets']),
      octets: Number(row['octets']),
      deleted: row['gone_at'] !== null,
    }));
  }

  summary(day: number): AccountSummary {
    return toSummary(this.#statements.summary.get(day, this.#account) ?? {});
  }

  async noteStanding(standing: string): Promise<void> {
    await this.#commits.run(() => this.#statements.setStanding.run(standing, this.#account));
  }

  receiptsOf(record: RecordId): readonly Receipt[] {
    return this.#statements.receipts.all(record).map(toReceipt);
  }

  *deliveries(destination: string): Iterable<Receipt> {
    const rows = this.#statements.delivered.each(destination, this.#account);
    const messages = Array.from(rows, ({ message }) => Number(message));
    for (const some of chunksOf(messages, AT_ONCE))
      yield* this.#statements.deliveries.all(destination, JSON.stringify(some)).map(toReceipt);
  }

  listedDeliveries(destination: string): readonly ListedDelivery[] {
    return readListedDeliveries(this.#statements, this.#account, destination);
  }

  workedOut(destination: string): number {
    return Number(this.#statements.workedOut.get(this.#account, destination)?.['count'] ?? 0);
  }

  deliverAgain(destination: string, records: readonly RecordId[]): Promise<void> {
    return this.#commits.run(() => markAgain(this.#statements, this.#account, { destination, records }));
  }

  wanted(): readonly ListedDelivery[] {
    return readWanted(this.#statements, this.#account);
  }

  noteBack(deliveries: readonly ListedDelivery[]): Promise<void> {
    return this.#commits.run(() => markBack(this.#statements, this.#account, deliveries));
  }

  folderOf(destination: string): FolderMark | undefined {
    return this.#statements.folder.all(destination).map(toFolder)[0];
  }

  async noteFolder(destination: string, { inode, born }: FolderMark, changedAt?: number): Promise<void> {
    const values = [destination, inode, born ?? null, changedAt ?? null];
    await this.#commits.run(() => this.#statements.setFolder.run(...values));
  }

  wasInFormerFolder({ record, receipt }: ListedDelivery): boolean {
    return this.#statements.inFormerFolder.get(record, receipt.destination) !== undefined;
  }

  takeFirstLook(): boolean {
    const before = this.#looked.size;
    return this.#looked.add(this.#account).size > before;
  }

  isNew(): boolean {
    return this.#statements.settled.get(this.#account)?.['settled'] !== 1;
  }

  found(): readonly FoundMessage[] {
    const found = this.#statements.found.all(this.#account).map(toFound);
    return withoutTaken(found, (destination) => this.taken(destination));
  }

  taken(destination: string): readonly Taken[] {
    return this.#statements.taken.all(destination).map(toTaken);
  }

  noteFound(messages: readonly FoundMessage[]): Promise<void> {
    return this.#commits.run(() => writeFound(this.#statements, this.#account, messages));
  }

  carriedAs(): ReadonlyMap<UniqueId, string> {
    const rows = this.#statements.carriedAs.all(this.#account);
    return new Map(rows.map((row) => [row['uid'] as UniqueId, String(row['name'])]));
  }

  carriesUnknown(): boolean {
    return this.#statements.carriesUnknown.get(this.#account)?.['carry_unknown'] === 1;
  }

  get replaced(): string | undefined {
    return optionalText(this.#statements.replaced.get()?.['path']);
  }

  hasNameless(): boolean {
    return this.#statements.nameless.get(this.#account) !== undefined;
  }

  begun(): ReadonlyMap<RecordId, UniqueId | undefined> {
    const rows = this.#statements.begun.all(this.#account);
    return new Map(rows.map((row) => [row['id'] as RecordId, (row['uid'] ?? undefined) as UniqueId]));
  }

  renumbering(): boolean {
    return this.#statements.renumbering.get(this.#account)?.['renumbering'] === 1;
  }

  async noteRenumbering(renumbering: boolean): Promise<void> {
    if (renumbering === this.renumbering()) return;
    await this.#commits.run(() => this.#statements.setRenumbering.run(renumbering ? 1 : 0, this.#account));
  }

  async takeMaildrop(maildrop: string, at: number): Promise<{ readonly changed: boolean }> {
    const before = this.#statements.maildrop.get(this.#account)?.['maildrop'] ?? null;
    if (before === maildrop) return { changed: false };
    return this.#commits.run(() => {
      this.#statements.setMaildrop.run(maildrop, this.#account);
      if (before !== null) this.#statements.allMissing.run(at, this.#account);
      return { changed: before !== null };
    });
  }

  identities(): readonly RecordIdentity[] {
    return Array.from(this.#statements.identities.each(this.#account), toIdentity);
  }

  identityOf(record: RecordId): RecordIdentity | undefined {
    return this.#statements.identity.all(record).map(toIdentity)[0];
  }

  used(destination: string): boolean {
    return this.#statements.used.get(destination) !== undefined;
  }

  async intend(destination: string, intents: readonly Intent[]): Promise<void> {
    this.#intents.noteSome();
    await this.#commits.run(() => {
      for (const { tag, receipt, opening } of intents) {
        const { location, octets, sha256 } = receipt;
        const hash = Buffer.from(sha256, 'hex');
        this.#statements.upsertIntent.run(this.#account, destination, tag, location, octets, hash, opening);
      }
    });
  }

  openIntents(destination: string): readonly Intent[] {
    const rows = this.#statements.intents.all(this.#account, destination);
    return rows.map((row) => toIntent({ ...row, destination }));
  }

  takeUnfinishedAppends(destination: string): readonly Intent[] {
    return this.#intents.takeUnfinished(destination);
  }

  recordedAt(destination: string, locations: readonly string[]): readonly Receipt[] {
    return this.#statements.recordedAt.all(destination, JSON.stringify(locations)).map(toReceipt);
  }

  recordedAs(destination: string, hashes: readonly string[]): readonly Receipt[] {
    return this.#statements.recordedAs.all(destination, JSON.stringify(hashes)).map(toReceipt);
  }

  recordDelivery(delivery: Delivery, wish?: { readonly mayWait: boolean }): Promise<RecordId> {
    const writer = { statements: this.#statements, account: this.#account, intents: this.#intents };
    const act = (): RecordId => writeDelivery(delivery, writer);
    if ((delivery.claims?.length ?? 0) > 0) this.#statements.atPlace.ready();
    return wish?.mayWait === true ? this.#commits.runPatiently(act) : this.#commits.run(act);
  }

  hurry(): void {
    this.#commits.hurry();
  }

  recordFailure(failure: Failure): Promise<void> {
    return this.#commits.run(() => writeFailure(failure, this.#statements, this.#account));
  }

  async forgetFailed(record: RecordId): Promise<void> {
    await this.#commits.run(() => dropFailed(this.#statements, record));
  }

  noteDeleSent(records: readonly RecordId[], at: number): Promise<void> {
    return this.#each(records, (id) => this.#statements.deleSent.run(at, id));
  }

  noteDeleRefused(records: readonly RecordId[]): Promise<void> {
    return this.#each(records, (id) => this.#statements.deleRefused.run(id));
  }

  noteRecognised(records: readonly RecordId[]): Promise<void> {
    return this.#each(records, (id) => this.#statements.recognised.run(id));
  }

  noteProven(record: RecordId, { sha256, octets }: Proof): Promise<void> {
    return this.#each([record], (id) => this.#statements.proven.run(blob(sha256), octets, id));
  }

  noteRenumbered(records: ReadonlyMap<RecordId, UniqueId>): Promise<void> {
    return this.#each([...records], ([id, uid]) => this.#statements.renumbered.run(uid, id));
  }

  noteListed(sizes: ReadonlyMap<RecordId, Octets>): Promise<void> {
    return this.#each([...sizes], ([id, octets]) => this.#statements.listedAs.run(octets, id));
  }

  async noteAskedAgain(record: RecordId, listedOctets: number | undefined, at: number): Promise<void> {
    await this.#commits.run(() => this.#statements.askedAgain.run(listedOctets ?? null, at, record));
  }

  recordAdopted(uids: readonly UniqueId[], at: number): Promise<void> {
    return this.#commits.run(() => writeAdopted(this.#statements, this.#account, { uids, at }));
  }

  recordImported(messages: readonly Imported[], peer: string): Promise<number> {
    return this.#commits.run(() => writeImported(this.#statements, this.#account, { messages, peer }));
  }

  imported(peer: string): ReadonlyMap<UniqueId, RecordId> {
    const rows = this.#statements.imported.all(this.#account, peer);
    return new Map(rows.map((row) => [row['uid'] as UniqueId, row['id'] as RecordId]));
  }

  async carryUnknown(): Promise<void> {
    await this.#commits.run(() => this.#statements.carryUnknown.run(this.#account));
  }

  noteMissing(records: ReadonlyMap<RecordId, UniqueId>, at: number): Promise<void> {
    return this.#each([...records], ([id, uid]) => this.#statements.missing.run(at, id, uid));
  }

  noteGone(records: readonly RecordId[], at: number): Promise<void> {
    return this.#each(records, (id) => this.#statements.gone.run(at, id));
  }

  async noteDeleted(count: number): Promise<void> {
    if (count > 0) await this.#commits.run(() => this.#statements.noteDeleted.run(count, this.#account));
  }

  async #each<T>(all: readonly T[], write: (one: T) => unknown): Promise<void> {
    if (all.length === 0) return;
    await this.#commits.run(() => {
      for (const one of all) write(one);
    });
  }
}
