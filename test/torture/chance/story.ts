import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PollReport } from '../../../src/poll/report.ts';
import { createServer, type Fault, type Faults, type Pop3Server } from '../../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../../support/program.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { pollAllInProcess } from '../in-process.ts';
import { type Interruption, runInterrupted } from '../interruption.ts';
import { asStored } from '../mail.ts';
import { seededRandom } from '../scale.ts';
import { DESTINATIONS, type Deliver, destinationsOf, leftBehind, readMaildir, readMbox } from '../stored.ts';

/** What a story is made of. */
export interface Kind {
  readonly name: string;
  /** Each of them polls, one way or another. */
  readonly troubles: readonly (readonly [string, (story: Story) => Promise<unknown>])[];
  /** What the server may be like from the beginning to the end. */
  readonly natures: readonly Fault[];
  /** Whether some messages equal others. */
  readonly equals: boolean;
  /** Whether nothing may be stored twice; nothing may be lost in any case. */
  readonly once: boolean;
  /** Whether the server lists the numbers of messages for unique-ids, and they are all of one size. */
  readonly numbered?: boolean;
  /** Whether another account of the same server delivers to the same place. */
  readonly neighbour?: boolean;
}

const STEPS = 8;

/** Shorter than from one honest poll to the next. */
const KEPT = { after: '20h' };

/** As many numbers as a maildrop of a story may have. */
const NUMBERS: Faults = Array.from({ length: 60 }, (_, index) => ({
  do: 'uids',
  messages: [index + 1],
  uid: String(index + 1),
}));

/** Honest polls after which nothing may be left to do, the clock a day and more ahead each time. */
const LAST_POLLS = 8;
const HOURS_BETWEEN = 30;

const ALICE = 'alice';
const NEIGHBOUR = 'bob';

/** What the owner types when an account says why it does not go on. */
const ANSWERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ledger-lost', ['adopt', '--none']],
  ['deletion-unconfirmed', ['fetch', '--confirm-delete']],
]);

/** How often a message was added, and by others removed before it was surely carried. */
interface Copies {
  added: number;
  removed: number;
}

/** One maildrop or two, one configuration, and what chance makes of them. */
export class Story implements AsyncDisposable {
  readonly seed: number;
  readonly random: () => number;
  readonly deliver: Deliver;
  readonly deletion: 'after-delivery' | 'never' | { readonly after: string };
  /** In front of all unique-ids, at the moment. */
  prefix = '';
  hasShortened = false;
  readonly #kind: Kind;
  readonly #server: Pop3Server;
  readonly #folder: TemporaryFolder;
  readonly #nature: Faults;
  readonly #users: readonly string[];
  readonly #copies = new Map<string, Copies>();
  #made = 0;

  private constructor(seed: number, kind: Kind, made: { server: Pop3Server; folder: TemporaryFolder }) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#kind = kind;
    this.#server = made.server;
    this.#folder = made.folder;
    this.#users = usersOf(kind);
    this.deliver = this.pick(DESTINATIONS)[1];
    this.deletion = this.pick(['after-delivery', 'never', ...(kind.numbered === true ? [KEPT, KEPT] : [])]);
    this.#nature = kind.natures.filter(() => this.random() < 0.25);
  }

  static async begin(seed: number, kind: Kind): Promise<Story> {
    const folder = await temporaryFolder();
    const users = Object.fromEntries(usersOf(kind).map((user) => [user, { password: 'secret' }]));
    const server = await createServer({ users });
    const story = new Story(seed, kind, { server, folder });
    const { deliver, deletion } = story;
    const others = kind.neighbour === true ? { neighbour: { user: NEIGHBOUR } } : {};
    await writeConfiguration(folder.path, { port: server.address.port, deliver, delete: deletion }, others);
    return story;
  }

  /** What went wrong in it, step by step. */
  async run(): Promise<string[]> {
    const told: string[] = [];
    const wrong: string[] = [];
    for (let step = 0; step < STEPS && wrong.length === 0; step += 1) {
      for (let more = this.below(4); more > 0; more -= 1) this.#add();
      const [name, trouble] = this.pick(this.#kind.troubles);
      told.push(name);
      await trouble(this);
      wrong.push(...(await this.#whatIsLost()));
    }
    if (wrong.length === 0) wrong.push(...(await this.#end()));
    const nature = JSON.stringify([this.deliver, this.deletion, this.#nature]);
    return wrong.map((text) => `${text}; seed ${this.seed}: ${told.join(', ')}; ${nature}`);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** The number of some message on the server, and of how many octets it is; undefined where there is none. */
  someMessage(): { readonly number: number; readonly octets: number } | undefined {
    const { messages } = this.#server.maildrop(ALICE);
    const index = this.below(messages.length);
    const message = messages[index];
    return message && { number: index + 1, octets: message.length };
  }

  poll(faults: Faults = [], hours = 0): Promise<readonly PollReport[]> {
    this.#setFaults(faults);
    return pollAllInProcess(this.#folder.path, hours);
  }

  /** The program polls, and something is done to it. */
  interrupted(interruption: Interruption): Promise<unknown> {
    this.#setFaults([]);
    return runInterrupted(['fetch'], this.#folder.path, interruption);
  }

  async loseLedger(): Promise<void> {
    await rm(this.#folder.at('state'), { recursive: true, force: true });
  }

  async saveLedger(): Promise<void> {
    await rm(this.#folder.at('saved'), { recursive: true, force: true });
    if (existsSync(this.#folder.at('state'))) copy(this.#folder.at('state'), this.#folder.at('saved'));
  }

  async putLedgerBack(): Promise<void> {
    const saved = await readdir(this.#folder.at('saved')).catch(() => []);
    if (saved.length === 0) return;
    await this.loseLedger();
    copy(this.#folder.at('saved'), this.#folder.at('state'));
  }

  /** As a mail program does: all that is new becomes seen. */
  async readMail(): Promise<void> {
    const mail = this.#folder.at('Mail');
    for (const name of await readdir(join(mail, 'new')).catch(() => []))
      await rename(join(mail, 'new', name), join(mail, 'cur', `${name}:2,S`));
  }

  /** As another client does, which deletes a message on the server. */
  async removeSome(): Promise<void> {
    const maildrop = this.#server.maildrop(this.#someUser());
    const index = this.below(maildrop.messages.length);
    const [message, text] = [(await maildrop.list())[index], maildrop.messages[index]];
    if (message === undefined || text === undefined) return;
    await maildrop.remove([message]);
    this.#copiesOf(asStored(text)).removed += 1;
  }

  /** Without a neighbour nothing is drawn, so that a seed tells one story. */
  #someUser(): string {
    return this.#users.length > 1 ? this.pick(this.#users) : ALICE;
  }

  #onServer(): readonly Uint8Array[] {
    return this.#users.flatMap((user) => this.#server.maildrop(user).messages);
  }

  #copiesOf(text: string): Copies {
    const copies = this.#copies.get(text) ?? { added: 0, removed: 0 };
    this.#copies.set(text, copies);
    return copies;
  }

  #add(): void {
    const isEqual = this.#kind.equals && this.random() < 0.2;
    if (!isEqual) this.#made += 1;
    const number = Math.max(1, this.#made);
    const isNumbered = this.#kind.numbered === true;
    const name = `${this.seed}-${isNumbered ? String(number).padStart(3, '0') : number}`;
    const odd = this.#made % 7 === 0 ? 'bare\nLF\rCR\r\n' : '';
    const times = isNumbered ? 1 : 1 + (this.#made % 5) ** 3;
    const body = `From ${name}\r\n.dot\r\n${isNumbered ? '' : odd}`.repeat(times);
    const message = Buffer.from(`Message-ID: <${name}@mail.example>\r\nSubject: ${name}\r\n\r\n${body}`);
    this.#server.maildrop(this.#someUser()).add(message);
    this.#copiesOf(asStored(message)).added += 1;
  }

  #setFaults(faults: Faults): void {
    const renumbered: Faults = this.prefix === '' ? [] : [{ do: 'uids', prefix: this.prefix }];
    const numbers = this.#kind.numbered === true ? NUMBERS : [];
    this.#server.setFaults([...faults, ...this.#nature, ...renumbered, ...numbers]);
  }

  async #stored(): Promise<readonly (readonly string[])[]> {
    return Promise.all(
      destinationsOf(this.deliver).map(({ type, path }) =>
        (type === 'maildir' ? readMaildir : readMbox)(this.#folder.at(path)),
      ),
    );
  }

  /** Each message is on the server, or in every destination, at any time (I1). */
  async #whatIsLost(): Promise<string[]> {
    const stored = await this.#stored();
    const there = this.#onServer().map(asStored);
    return [...this.#copies].flatMap(([text, { added, removed }]) => {
      const here = Math.min(...stored.map((messages) => count(messages, text)));
      return here + count(there, text) + removed < added ? [`lost: ${brief(text)}`] : [];
    });
  }

  /** Polls by an honest server and a good disk, until nothing is left to do. */
  async #end(): Promise<string[]> {
    let last: readonly PollReport[] = [];
    for (let polls = 1; polls <= LAST_POLLS; polls += 1) {
      last = await this.poll([], polls * HOURS_BETWEEN);
      for (const { account, error } of last) {
        const answer = error === null ? undefined : ANSWERS.get(error.code);
        if (answer !== undefined) await runProgram([...answer, account], { cwd: this.#folder.path });
      }
    }
    const wrong = last
      .filter(({ outcome }) => outcome !== 'ok')
      .map(({ account, outcome, error }) => `the last poll of ${account} was ${outcome}: ${error?.message}`);
    const there = this.#onServer().length;
    if (this.deletion !== 'never' && there > 0) wrong.push(`${there} messages left on the server`);
    for (const messages of await this.#stored()) wrong.push(...this.#compare(messages));
    await rm(this.#folder.at('saved'), { recursive: true, force: true });
    return [...wrong, ...(await leftBehind(this.#folder.path))];
  }

  #compare(stored: readonly string[]): string[] {
    const wrong = stored
      .filter((text) => !this.#copies.has(text) && !(this.hasShortened && this.#isPart(text)))
      .map((text) => `damaged or foreign: ${brief(text)}`);
    for (const [text, { added, removed }] of this.#copies) {
      const here = count(stored, text);
      if (here < added - removed) wrong.push(`lost: ${brief(text)}`);
      if (here > added && this.#kind.once) wrong.push(`doubled: ${brief(text)}`);
    }
    return wrong;
  }

  /** What comes short is stored when it comes the same again, or lacks next to nothing; later it is stored whole too. */
  #isPart(text: string): boolean {
    return [...this.#copies.keys()].some((whole) => whole.startsWith(text.slice(0, -1)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

function usersOf({ neighbour }: Kind): readonly string[] {
  return neighbour === true ? [ALICE, NEIGHBOUR] : [ALICE];
}

/** By another process: a file that this one closes loses the locks that SQLite has on it here (fcntl(2)). */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-r', from, to]);
}

function count(texts: readonly string[], wanted: string): number {
  return texts.filter((text) => text === wanted).length;
}

function brief(text: string): string {
  return JSON.stringify(text.slice(13, 40));
}
