import { markOf, StandingFile } from '../durable/file-mark.ts';
import type { Runtime } from '../runtime.ts';
import type { Database, Statement, Witness } from './database.ts';
import type { Ownership } from './ownership.ts';
import { type Generation, type Seal, writeSeal } from './seal.ts';

/** A seal is one or two generations behind, where a loss of power took what was not fsynced; so many are remembered. */
const REMEMBERED = 200;

const GENERATION_OCTETS = 8;

/**
 * The generations of a ledger, which tell one that was put back from the one that was used last. The first transaction of a
 * process gives the ledger a new one, at no extra cost; only then does the seal say so, so that the ledger is never behind
 * its seal.
 */
export class Lineage implements Witness {
  readonly #path: string;
  readonly #runtime: Pick<Runtime, 'randomHex'>;
  readonly #newest: Statement;
  readonly #insert: Statement;
  readonly #noteSeal: Statement;
  readonly #forget: Statement;
  readonly #file: StandingFile;
  /** Undefined where the ledger is only looked at. */
  readonly #owner: Ownership | undefined;
  #stage: 'untouched' | 'sealed' | 'noted' = 'untouched';
  #generation: string | undefined;
  #sealFile: string | undefined;

  constructor(
    database: Database,
    path: string,
    {
      runtime,
      owner,
    }: { readonly runtime: Pick<Runtime, 'randomHex'>; readonly owner: Ownership | undefined },
  ) {
    this.#path = path;
    this.#runtime = runtime;
    this.#owner = owner;
    this.#file = new StandingFile(path);
    this.#newest = database.prepare('SELECT name, seal FROM generation ORDER BY id DESC');
    this.#insert = database.prepare('INSERT INTO generation (name) VALUES (?)');
    this.#noteSeal = database.prepare('UPDATE generation SET seal = ? WHERE name = ?');
    this.#forget = database.prepare(
      'DELETE FROM generation WHERE id <= (SELECT max(id) FROM generation) - ?',
    );
  }

  /** Newest first. */
  generations(): readonly Generation[] {
    return this.#newest.all().map(({ name, seal }) => ({
      name: String(name),
      seal: typeof seal === 'string' ? seal : null,
    }));
  }

  /** Raises `ledger` where the ledger or its lock is not at its place any more: once for all that one transaction holds (I6). */
  within(): void {
    this.#owner?.assertStands(this.#file);
    if (this.#stage === 'untouched') this.#add();
    else if (this.#stage === 'sealed') this.#noteSeal.run(this.#sealFile ?? null, this.#generation ?? null);
  }

  committed(): void {
    if (this.#stage === 'noted') return;
    if (this.#stage === 'sealed') this.#stage = 'noted';
    else this.#sealOpen();
  }

  /** Ends the last generation, in a transaction: a copy that was made until now does not know of it. */
  end(): void {
    if (this.#stage === 'untouched') this.#generation = this.generations()[0]?.name;
    if (this.#stage === 'untouched' && this.#generation !== undefined) return;
    this.#add();
    this.#forget.run(REMEMBERED);
  }

  /** Notes which file the ledger is and when it was last changed, now that it is closed, unless another one stands there. */
  seal(): void {
    try {
      if (this.#file.stands()) this.#write('closed');
    } catch {
      // Then the old seal stays, which says less than the ledger knows.
    }
  }

  #add(): void {
    this.#generation = this.#runtime.randomHex(GENERATION_OCTETS);
    this.#insert.run(this.#generation);
  }

  #sealOpen(): void {
    try {
      this.#sealFile = this.#file.stands() ? this.#write('open') : undefined;
      this.#stage = this.#sealFile === undefined ? 'noted' : 'sealed';
    } catch {
      this.#stage = 'noted';
    }
  }

  #write(state: Seal['state']): string | undefined {
    const ledger = markOf(this.#path);
    if (ledger === undefined) return undefined;
    const log = state === 'open' ? markOf(`${this.#path}-wal`) : undefined;
    return writeSeal(this.#path, { state, generation: this.#generation, ledger, log });
  }
}
