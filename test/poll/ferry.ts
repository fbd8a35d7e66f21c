import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { type Destination } from '../../src/delivery/destination.ts';
import { openDestination } from '../../src/delivery/open-destination.ts';
import { type DestinationSettings, destinationName } from '../../src/delivery/settings.ts';
import type { AccountLedger } from '../../src/ledger/ledger.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import type { Account } from '../../src/poll/account.ts';
import type { ServerFacts } from '../../src/poll/observer.ts';
import type { PollControl } from '../../src/poll/poll.ts';
import { type PollDeps, pollAccount } from '../../src/poll/poll-account.ts';
import type { PollReport } from '../../src/poll/report.ts';
import { openSession } from '../../src/pop3-client/index.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { Secret } from '../../src/secret.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { withMethods } from '../support/with-methods.ts';

/**
 * `mda`: a program that takes mail into the file `taken`, unless the files `refused` (a pattern) and `busy` say otherwise; `mda-2`:
 * another one, whose files are called `taken-2` and so on.
 */
type Kind = 'maildir' | 'maildir-2' | 'mbox' | 'mda' | 'mda-2';

const TAKE =
  'cat > last; if [ -e refused ] && grep -q "$(cat refused)" last; then exit 65; fi; [ ! -e busy ] || exit 75; cat last >> taken';

export interface FerryOptions {
  readonly account?: Partial<Account>;
  /** Default: one Maildir. */
  readonly destinations?: readonly Kind[];
}

const NEVER = new AbortController().signal;

/** Real ledger, real destinations, real sessions: all of a poll but the configuration and the clock. */
export class Ferry implements AsyncDisposable {
  readonly runtime: FakeRuntime = new FakeRuntime();
  /** What was noticed, and what the client has sent and received, line by line. */
  readonly notices: string[] = [];
  /** What the server has said about itself, login by login. */
  readonly facts: ServerFacts[] = [];
  readonly lines: string[] = [];
  /** Stands between the poll and its ledger, its destinations. */
  wrapLedger: (ledger: AccountLedger) => AccountLedger = (ledger) => ledger;
  wrapDestinations: (destinations: readonly Destination[]) => readonly Destination[] = (all) => all;
  /** Called when octets of a message have come. */
  onReceived: (octets: number) => void = () => undefined;
  readonly folder: TemporaryFolder;
  /** Who is polled, unless a poll is told otherwise. */
  readonly account: Account;
  #ledger: SqliteLedger;

  private constructor(folder: TemporaryFolder, account: Account, ledger: SqliteLedger) {
    this.folder = folder;
    this.account = account;
    this.#ledger = ledger;
  }

  static async to(
    { host, port }: { host: string; port: number },
    { account = {}, destinations = ['maildir'] }: FerryOptions = {},
  ): Promise<Ferry> {
    const folder = await temporaryFolder();
    const complete: Account = {
      name: 'work',
      host,
      port,
      tls: 'none',
      ca: [],
      line: {},
      user: 'alice',
      password: () => Promise.resolve(new Secret('secret')),
      auth: 'auto',
      allowCleartext: false,
      destinations: destinations.map((kind) => settingsOf(kind, folder)),
      deletion: { kind: 'never' },
      limits: { messageOctets: undefined, messagesPerPoll: undefined, octetsPerPoll: undefined },
      timeouts: { connectMs: 5000, idleMs: 5000 },
      ...account,
    };
    return new Ferry(folder, complete, await SqliteLedger.open(folder.at('state')));
  }

  get ledger(): AccountLedger {
    return this.#ledger.account(this.account.name);
  }

  /** The commands sent since the last call, without those of the login. */
  takeCommands(): string[] {
    const sent = this.lines.filter((line) => line.startsWith('sent ')).map((line) => line.slice(5));
    this.lines.length = 0;
    return sent.filter((line) => !/^(CAPA|USER|PASS|AUTH|NOOP|UTF8|LANG|\*\*\*)/.test(line));
  }

  poll(changes: Partial<Account> = {}, control: Partial<PollControl> = {}): Promise<PollReport> {
    this.runtime.advance(1);
    const account = { ...this.account, ...changes };
    return pollAccount(account, this.deps(), { stop: NEVER, abort: NEVER, ...control });
  }

  /** What a poll works with, as the program puts it together. */
  deps(): PollDeps {
    return {
      runtime: this.runtime,
      observer: {
        noticed: (_, notice) => void this.notices.push(notice),
        loggedIn: (_, facts) => void this.facts.push(facts),
        received: (_, octets) => this.onReceived(octets),
      },
      ledgerOf: (name) => this.wrapLedger(this.#ledger.account(name)),
      openSession: async (
        { host, port, tls, ca, user, password, auth, allowCleartext, timeouts },
        signal,
        how,
      ) =>
        openSession({
          host,
          port,
          tls,
          ca,
          user,
          auth,
          allowCleartext,
          timeouts,
          password: await password(),
          signal,
          ...how,
          ahead: true,
          transcript: (side, line) => this.lines.push(`${side} ${line}`),
        }),
      openDestinations: async (account, ledger) => {
        const opened: Destination[] = [];
        for (const settings of account.destinations) {
          const name = destinationName(settings);
          opened.push(
            await openDestination(settings, {
              runtime: this.runtime,
              intend: (intents) => ledger.intend(name, intents),
              takeUnfinished: () => ledger.takeUnfinishedAppends(name),
              recordedAt: (locations) => ledger.recordedAt(name, locations),
              recordedAs: (hashes) => ledger.recordedAs(name, hashes),
              spoolFolder: this.folder.at('state'),
              account: account.name,
              usedBefore: ledger.used(name),
              folder: {
                known: ledger.folderOf(name),
                note: (folder, changedAt) => ledger.noteFolder(name, folder, changedAt),
              },
            }),
          );
        }
        return this.wrapDestinations(opened);
      },
    };
  }

  /** Ends as a killed process does, as far as the ledger is concerned: opened again, nothing closed in it. */
  async restart(between: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    this.#ledger.close();
    await between();
    this.#ledger = await SqliteLedger.open(this.folder.at('state'));
  }

  /** The program starts again without its state folder. */
  loseLedger(): Promise<void> {
    return this.restart(() => rm(this.folder.at('state'), { recursive: true }));
  }

  /** The Maildir is gone, and an empty one is in its place. */
  async loseMaildir(): Promise<void> {
    await rm(this.folder.at('maildir'), { recursive: true, force: true });
    for (const part of ['new', 'cur', 'tmp'])
      await mkdir(this.folder.at('maildir', part), { recursive: true });
  }

  /** The messages in a destination, sorted; long ones in brief. */
  async mail(kind: Kind = 'maildir'): Promise<string[]> {
    const path = this.folder.at(kind);
    if (kind === 'mda') return taken(await readFile(this.folder.at('taken'), 'utf8').catch(() => ''));
    if (kind === 'mbox')
      return parseMbox((await readFile(path)).toString('latin1'))
        .map(brief)
        .sort();
    const paths: string[] = [];
    for (const part of ['new', 'cur']) {
      for (const name of await readdir(this.folder.at(kind, part)))
        paths.push(this.folder.at(kind, part, name));
    }
    const contents = await Promise.all(paths.map((name) => readFile(name)));
    return contents.map((content) => brief(content.toString('latin1'))).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ledger.close();
    await this.folder[Symbol.asyncDispose]();
  }
}

function settingsOf(kind: Kind, folder: TemporaryFolder): DestinationSettings {
  if (kind === 'mda' || kind === 'mda-2') {
    const command = kind === 'mda' ? TAKE : TAKE.replaceAll(/\b(?:last|refused|busy|taken)\b/g, '$&-2');
    return { type: 'mda', command, timeoutMs: 30_000, lineEndings: 'lf', folder: folder.path };
  }
  const path = folder.at(kind);
  return kind === 'mbox' ? { type: 'mbox', path } : { type: 'maildir', path, lineEndings: 'lf' };
}

/** What a program has taken, one message after the other as `mail` makes them. */
function taken(text: string): string[] {
  return text
    .split(/(?=^Message-ID: )/m)
    .filter((one) => one !== '')
    .map(brief)
    .sort();
}

/** A server with these messages in the maildrop of alice. */
export function serve(...messages: (string | Buffer)[]): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages } } });
}

/** The messages of an mbox, the quoting undone. */
function parseMbox(text: string): string[] {
  const [, ...messages] = text.split(/(?<=^|\n)From [^\n]*\n/);
  return messages.map((message) => message.slice(0, -1).replaceAll(/(?<=^|\n)>(>*From )/g, '$1'));
}

/** A message of the maildrop, its last line complete. */
export function mail(name: string, body: string = name): string {
  return `Message-ID: <${name}@mail.example>\r\nSubject: ${name}\r\n\r\n${body}\r\n`;
}

/** A long text as its length and hash, so that a failure can be read. */
function brief(text: string): string {
  if (text.length < 500) return text;
  return `${text.slice(0, 60)} … ${text.length} ${createHash('sha256').update(text, 'latin1').digest('hex')}`;
}

/** What stands in a Maildir or an mbox for a message, as `Ferry.mail` gives it. */
export function stored(message: string | Buffer): string {
  const text = typeof message === 'string' ? message : message.toString('latin1');
  return brief(text.replaceAll('\r\n', '\n'));
}

export const storedAll = (...messages: (string | Buffer)[]): string[] => messages.map(stored).sort();

/** A ledger with some of its methods replaced. */
export function ledgerWith(ledger: AccountLedger, changes: Partial<AccountLedger>): AccountLedger {
  return withMethods(ledger, changes);
}

/** A destination with some of its methods replaced. */
export function destinationWith(destination: Destination, changes: Partial<Destination>): Destination {
  return withMethods(destination, changes);
}

const dead = (): Promise<never> => Promise.reject(new Error('killed'));

/** A ledger that is dead from the moment when the first delivery is to be recorded, like its process. */
export function killedBeforeRecording(ledger: AccountLedger): AccountLedger {
  return ledgerWith(ledger, { recordDelivery: dead, closePoll: dead, noteMissing: dead, noteGone: dead });
}

/** A poll whose process dies when it has delivered and is about to record; then the program starts again. */
export async function pollAndDie(ferry: Ferry): Promise<void> {
  ferry.wrapLedger = killedBeforeRecording;
  await ferry.poll();
  ferry.wrapLedger = (ledger) => ledger;
  await ferry.restart();
}
