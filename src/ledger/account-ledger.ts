import type { Intent } from '../delivery/destination.ts';
import type { FolderMark } from '../durable/file-mark.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';
import { AccountReads } from './account-reads.ts';
import { dropFailed, markAgain, markBack } from './deliver-again.ts';
import type { GroupCommit } from './group-commit.ts';
import type { KnownIntents } from './known-intents.ts';
import type { AccountLedger, LastLogin, PollEnd, PollMarks } from './ledger.ts';
import type {
  Delivery,
  Failure,
  FoundMessage,
  Imported,
  Proof,
  RecordedDelivery,
  RecordId,
} from './record.ts';
import { writeDelivery } from './record-delivery.ts';
import { blob } from './rows.ts';
import { IN_DOUBT, LEDGER_PUT_BACK, type LedgerStatements, PAST_ASKING, POLL_OPEN } from './statements.ts';

/** What the parts of the ledger have in common that belong to one account each. */
interface SharedParts {
  readonly statements: LedgerStatements;
  readonly commits: GroupCommit;
  readonly intents: KnownIntents;
  /** The accounts that have taken their first look. */
  readonly looked: Set<number>;
}

/** One account's part of the SQLite ledger: what `AccountReads` reads, and all that is written. */
export class SqliteAccountLedger extends AccountReads implements AccountLedger {
  readonly #commits: GroupCommit;
  readonly #intents: KnownIntents;
  readonly #looked: Set<number>;

  constructor(account: number, { statements, commits, intents, looked }: SharedParts) {
    super(account, statements);
    this.#commits = commits;
    this.#intents = intents;
    this.#looked = looked;
  }

  async openPoll(): Promise<PollMarks> {
    const opened = await this.#commits.run(() => {
      const marks = Number(this.row['poll_open']);
      this.statements.setPollOpen.run(this.account);
      return {
        interrupted: (marks & POLL_OPEN) !== 0,
        wasPastAsking: (marks & PAST_ASKING) !== 0,
        ledgerWasPutBack: (marks & LEDGER_PUT_BACK) !== 0,
        inDoubt: (marks & IN_DOUBT) !== 0,
      };
    });
    // Not before: a poll that could not be opened is never closed.
    this.#commits.polls += 1;
    return opened;
  }

  async closePoll({
    at,
    success,
    report,
    unfinished,
    inDoubt,
    ledgerWasPutBack,
    quiet,
    asked,
  }: PollEnd): Promise<void> {
    this.#commits.polls -= 1;
    await this.#commits.run(() => {
      const successAt = success ? at : null;
      const open = unfinished ? POLL_OPEN | (Number(this.row['poll_open']) & PAST_ASKING) : 0;
      const marks =
        open | (ledgerWasPutBack === true ? LEDGER_PUT_BACK : 0) | (inDoubt === true ? IN_DOUBT : 0);
      const notes = [report, quiet ?? null, asked ?? null];
      this.statements.closePoll.run(marks, at, ...notes, successAt, this.account);
      if (success) this.statements.noteKnown.run(this.account);
      if (!unfinished) this.statements.dropIntents.run(this.account);
    });
  }

  async notePastAsking(): Promise<void> {
    await this.#commits.run(() => this.statements.setPastAsking.run(this.account));
  }

  async noteLogin(login: LastLogin | undefined): Promise<void> {
    if (login === undefined && this.lastLogin() === undefined) return;
    await this.#commits.run(() =>
      this.statements.setLogin.run(login?.at ?? null, login?.delayMs ?? null, this.account),
    );
  }

  async noteStanding(standing: string): Promise<void> {
    await this.#commits.run(() => this.statements.setStanding.run(standing, this.account));
  }

  deliverAgain(destination: string, records: readonly RecordId[]): Promise<void> {
    return this.#commits.run(() => markAgain(this.statements, this.account, { destination, records }));
  }

  noteBack(deliveries: readonly RecordedDelivery[]): Promise<void> {
    return this.#commits.run(() => markBack(this.statements, this.account, deliveries));
  }

  async noteFolder(destination: string, { inode, born }: FolderMark, changedAt?: number): Promise<void> {
    const values = [destination, inode, born ?? null, changedAt ?? null];
    await this.#commits.run(() => this.statements.setFolder.run(...values));
  }

  takeFirstLook(): boolean {
    const before = this.#looked.size;
    return this.#looked.add(this.account).size > before;
  }

  async noteFound(messages: readonly FoundMessage[]): Promise<void> {
    await this.#commits.run(() => {
      this.statements.forgetFound.run(this.account);
      for (const { receipt, received } of messages) {
        const { destination, location } = receipt;
        const stored = [
          destination,
          location,
          receipt.octets,
          blob(receipt.sha256),
          blob(receipt.unmarkedSha256),
        ];
        const { octets: size, sha256: hash, lfSha256, messageId = null, headerSha256 } = received;
        const identity = [size, blob(hash), blob(lfSha256), messageId, blob(headerSha256)];
        this.statements.insertFound.run(this.account, ...stored, ...identity);
        this.statements.dropIntentsAtPlace.run(this.account, destination, location);
      }
    });
  }

  async noteRenumbering(renumbering: boolean): Promise<void> {
    if (renumbering === this.renumbering()) return;
    await this.#commits.run(() => this.statements.setRenumbering.run(renumbering ? 1 : 0, this.account));
  }

  async takeMaildrop(maildrop: string, at: number): Promise<{ readonly changed: boolean }> {
    const before = this.row['maildrop'] ?? null;
    if (before === maildrop) return { changed: false };
    return this.#commits.run(() => {
      this.statements.setMaildrop.run(maildrop, this.account);
      if (before !== null) this.statements.allMissing.run(at, this.account);
      return { changed: before !== null };
    });
  }

  async intend(destination: string, intents: readonly Intent[]): Promise<void> {
    this.#intents.noteSome();
    await this.#commits.run(() => {
      for (const { tag, receipt, opening } of intents) {
        const { location, octets, sha256 } = receipt;
        const hash = Buffer.from(sha256, 'hex');
        this.statements.upsertIntent.run(this.account, destination, tag, location, octets, hash, opening);
      }
    });
  }

  takeUnfinishedAppends(destination: string): readonly Intent[] {
    return this.#intents.takeUnfinished(destination);
  }

  recordDelivery(delivery: Delivery, wish?: { readonly mayWait: boolean }): Promise<RecordId> {
    const writer = { statements: this.statements, account: this.account, intents: this.#intents };
    const act = (): RecordId => writeDelivery(delivery, writer);
    if ((delivery.claims?.length ?? 0) > 0) this.statements.atPlace.ready();
    return wish?.mayWait === true ? this.#commits.runPatiently(act) : this.#commits.run(act);
  }

  hurry(): void {
    this.#commits.hurry();
  }

  async recordFailure({ record, uid, sha256, error, quarantined, at }: Failure): Promise<void> {
    const outcome = quarantined ? 'quarantined' : 'failed';
    await this.#commits.run(() => {
      if (record !== undefined) this.statements.updateFailed.run(blob(sha256), outcome, error, at, record);
      else this.statements.insertFailed.run(this.account, uid ?? null, blob(sha256), outcome, error, at);
    });
  }

  async forgetFailed(record: RecordId): Promise<void> {
    await this.#commits.run(() => dropFailed(this.statements, record));
  }

  noteDeleSent(records: readonly RecordId[], at: number): Promise<void> {
    return this.#each(records, (id) => this.statements.deleSent.run(at, id));
  }

  noteDeleRefused(records: readonly RecordId[]): Promise<void> {
    return this.#each(records, (id) => this.statements.deleRefused.run(id));
  }

  noteRecognised(records: readonly RecordId[]): Promise<void> {
    return this.#each(records, (id) => this.statements.recognised.run(id));
  }

  noteProven(record: RecordId, { sha256, octets }: Proof): Promise<void> {
    return this.#each([record], (id) => this.statements.proven.run(blob(sha256), octets, id));
  }

  noteRenumbered(records: ReadonlyMap<RecordId, UniqueId>): Promise<void> {
    return this.#each([...records], ([id, uid]) => this.statements.renumbered.run(uid, id));
  }

  noteListed(sizes: ReadonlyMap<RecordId, Octets>): Promise<void> {
    return this.#each([...sizes], ([id, octets]) => this.statements.listedAs.run(octets, id));
  }

  async noteAskedAgain(record: RecordId, listedOctets: number | undefined, at: number): Promise<void> {
    await this.#commits.run(() => this.statements.askedAgain.run(listedOctets ?? null, at, record));
  }

  async recordAdopted(sizes: ReadonlyMap<UniqueId, Octets | undefined>, at: number): Promise<void> {
    await this.#commits.run(() => {
      for (const [uid, octets] of sizes)
        this.statements.insertAdopted.run(this.account, uid, octets ?? null, at);
      this.statements.noteKnown.run(this.account);
    });
  }

  recordImported(messages: readonly Imported[], peer: string): Promise<number> {
    return this.#commits.run(() => {
      let count = 0;
      for (const { uid, seenAt } of messages) {
        if (this.statements.withUniqueId.get(this.account, uid) !== undefined) continue;
        this.statements.insertImported.run(this.account, uid, seenAt, peer);
        count += 1;
      }
      this.statements.noteKnown.run(this.account);
      return count;
    });
  }

  async carryUnknown(): Promise<void> {
    await this.#commits.run(() => this.statements.carryUnknown.run(this.account));
  }

  noteMissing(records: ReadonlyMap<RecordId, UniqueId>, at: number): Promise<void> {
    return this.#each([...records], ([id, uid]) => this.statements.missing.run(at, id, uid));
  }

  noteGone(records: readonly RecordId[], at: number): Promise<void> {
    return this.#each(records, (id) => this.statements.gone.run(at, id));
  }

  async noteDeleted(count: number): Promise<void> {
    if (count > 0) await this.#commits.run(() => this.statements.noteDeleted.run(count, this.account));
  }

  async #each<T>(all: readonly T[], write: (one: T) => unknown): Promise<void> {
    if (all.length === 0) return;
    await this.#commits.run(() => {
      for (const one of all) write(one);
    });
  }
}
