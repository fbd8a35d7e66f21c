import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../../src/pop3-server/faults.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { Dice } from './dice.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** After the bad times, all that is left comes in seconds; a machine with other work may take longer. */
const ALL_FETCHED_MS = 300_000;

export interface SoakOptions {
  readonly accounts: number;
  /** How long there are faults, signals and jumps. */
  readonly seconds: number;
  readonly seed: number;
  readonly monitoringPort: number;
}

/** What came of it: what should be equal is side by side. */
export interface SoakResult {
  /** Messages that were put on the server, by account, sorted. */
  readonly sent: Readonly<Record<string, readonly string[]>>;
  /** Those in the Maildirs. */
  readonly stored: Readonly<Record<string, readonly string[]>>;
  /** Messages delivered, by account, as `/metrics` says. */
  readonly metrics: Readonly<Record<string, number>>;
  /** How often what was done. */
  readonly events: Readonly<Record<string, number>>;
  /** Lines in the log of the level error. */
  readonly errors: readonly string[];
}

type Act = 'mail' | 'faults' | 'reload' | 'restart' | 'kill' | 'jump' | 'poll';
const ACTS: readonly [Act, ...Act[]] = [
  'mail',
  ...Array<Act>(9).fill('mail'),
  ...Array<Act>(4).fill('faults'),
  ...(['reload', 'restart', 'kill', 'kill', 'jump', 'poll'] as const),
];

/**
 * A daemon, and all that years bring, in a short time: mail comes, servers fail at random, the daemon is told to
 * reload and stop, is killed, and the clock jumps in both directions. Then all is quiet, until no mail is left.
 */
export class Soak implements AsyncDisposable {
  readonly #options: SoakOptions;
  readonly #dice: Dice;
  readonly #folder: TemporaryFolder;
  readonly #server: Pop3Server;
  readonly #names: readonly string[];
  readonly #sent = new Map<string, string[]>();
  readonly #events = new Map<string, number>();
  readonly #errors: string[] = [];
  #daemon: RunningDaemon;
  #offset = 0;
  #messages = 0;

  private constructor(options: SoakOptions, folder: TemporaryFolder, server: Pop3Server) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#folder = folder;
    this.#server = server;
    this.#names = accountNames(options.accounts);
    this.#daemon = this.#start();
  }

  static async begin(options: SoakOptions): Promise<Soak> {
    const folder = await temporaryFolder();
    const users = accountNames(options.accounts).map(
      (name) => [name, { password: 'secret', messages: [] }] as const,
    );
    const server = await createServer({
      host: '0.0.0.0',
      users: Object.fromEntries(users),
      limits: { failedLoginDelayMs: 0 },
    });
    await writeFile(folder.at('faketime'), '+0');
    await writeDaemonConfiguration(
      folder.path,
      Object.fromEntries(users.map(([name], index) => [name, accountOf(index, server.address.port)])),
      {
        monitoring: { listen: options.monitoringPort },
        shutdownGrace: '3s',
        concurrency: { accounts: 32, perHost: 8 },
      },
    );
    return new Soak(options, folder, server);
  }

  /** Lives through the bad times, then waits until all mail has come. */
  async run(): Promise<SoakResult> {
    const end = performance.now() + this.#options.seconds * 1000;
    while (performance.now() < end) {
      const act = this.#dice.one(ACTS);
      this.#events.set(act, (this.#events.get(act) ?? 0) + 1);
      await this.#act(act);
      await sleep(20 + this.#dice.number(200));
    }
    this.#server.setFaults([]);
    for (const name of this.#names) this.#send(name);
    await this.#daemon.logged(/^the daemon runs/);
    await this.#allFetched();
    const metrics = await this.#metrics();
    this.#collectErrors();
    await this.#daemon.end();
    const stored = new Map<string, string[]>();
    // One after the other: together they are more files than a process may have open.
    for (const name of this.#names) stored.set(name, await this.#stored(name));
    return {
      sent: sorted(this.#sent),
      stored: sorted(stored),
      metrics,
      events: Object.fromEntries(this.#events),
      errors: this.#errors,
    };
  }

  async #allFetched(): Promise<void> {
    const deadline = performance.now() + ALL_FETCHED_MS;
    for (;;) {
      const left = this.#names.filter((name) => this.#server.maildrop(name).messages.length > 0);
      if (left.length === 0) return;
      if (performance.now() > deadline) {
        const { stdout } = await this.#daemon.ask('status', ...left);
        throw new Error(`Mail of ${left.join(', ')} is left on the server:\n${stdout}`);
      }
      await this.#daemon.ask('poll', '--json');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    await this.#server.close();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #act(act: Act): Promise<void> {
    switch (act) {
      case 'mail':
        for (let count = this.#dice.number(this.#options.accounts) + 1; count > 0; count -= 1) {
          this.#send(this.#names[this.#dice.number(this.#names.length)] ?? '');
        }
        return;
      case 'faults':
        return this.#server.setFaults(this.#faults());
      case 'reload':
        return this.#signal('SIGHUP');
      case 'poll':
        return this.#signal('SIGUSR1');
      case 'jump':
        return this.#jump();
      case 'restart':
        await this.#daemon.logged(/^the daemon runs/);
        await this.#daemon.end();
        return this.#restart();
      case 'kill':
        await this.#daemon[Symbol.asyncDispose]();
        return this.#restart();
    }
  }

  /** Before it runs, a signal would only end it. */
  async #signal(signal: NodeJS.Signals): Promise<void> {
    await this.#daemon.logged(/^the daemon runs/);
    this.#daemon.signal(signal);
  }

  #send(name: string): void {
    this.#messages += 1;
    const id = `${name}-${this.#messages}`;
    const body = 'x'.repeat(this.#dice.number(20_000));
    this.#server.maildrop(name).add(`Message-ID: <${id}@soak.example>\r\nSubject: ${id}\r\n\r\n${body}\r\n`);
    this.#sent.set(name, [...(this.#sent.get(name) ?? []), id]);
  }

  #faults(): Faults {
    const command = this.#dice.one([
      'RETR',
      'DELE',
      'QUIT',
      'LIST',
      'UIDL',
      'STAT',
      'PASS',
      'AUTH',
      'GREETING',
    ]);
    return this.#dice.one<Faults>([
      [{ do: 'cut', afterOctets: 200 + this.#dice.number(40_000) }],
      [{ do: 'cut', afterOctets: 200 + this.#dice.number(40_000), commit: true }],
      [{ do: 'cut', command, afterReply: this.#dice.number(2) === 0 }],
      [{ do: 'stall', command, sessions: 4 }],
      [{ do: 'refuse', command, code: 'SYS/TEMP', text: 'not now' }],
      [{ do: 'refuse', command: 'PASS', code: 'IN-USE', text: 'busy' }],
      [{ do: 'refuse', command: 'PASS', code: 'AUTH', text: 'no', sessions: 20 }],
      // Cut, or a full maildrop would drip for minutes after the bad times.
      [
        { do: 'drip', everyMs: 1, sessions: 2 },
        { do: 'cut', afterOctets: 3000, sessions: 2 },
      ],
    ]);
  }

  async #jump(): Promise<void> {
    this.#offset += this.#dice.one([-7200, -60, 30, 3600, 86_400]);
    // The whole file at once, or the library would read half a number.
    await writeFile(this.#folder.at('faketime.new'), `${this.#offset < 0 ? '' : '+'}${this.#offset}`);
    await rename(this.#folder.at('faketime.new'), this.#folder.at('faketime'));
  }

  #restart(): void {
    this.#collectErrors();
    this.#daemon = this.#start();
  }

  #start(): RunningDaemon {
    const env = {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#folder.at('faketime'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
    return new RunningDaemon(this.#folder.path, { env });
  }

  #collectErrors(): void {
    this.#errors.push(
      ...this.#daemon.log.filter(({ level }) => level === 'error').map(({ msg }) => String(msg)),
    );
  }

  async #metrics(): Promise<Record<string, number>> {
    const response = await fetch(`http://127.0.0.1:${this.#options.monitoringPort}/metrics`);
    const found = (await response.text()).matchAll(
      /^mailferry_messages_delivered_total\{account="(.*)"\} (\d+)$/gm,
    );
    return Object.fromEntries([...found].map(([, name = '', count]) => [name, Number(count)]));
  }

  async #stored(name: string): Promise<string[]> {
    const files: string[] = [];
    for (const part of ['new', 'cur']) {
      for (const file of await readdir(this.#folder.at(name, part)))
        files.push(this.#folder.at(name, part, file));
    }
    const texts = await Promise.all(files.map((file) => readFile(file, 'latin1')));
    return texts.map((text) => /^Subject: (.*)$/m.exec(text)?.[1] ?? 'without a subject');
  }
}

function accountNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `u${index}`);
}

/** Ten accounts to a host; each host is another address of this machine. */
function accountOf(index: number, port: number): Record<string, unknown> {
  return {
    host: `127.0.0.${2 + Math.floor(index / 10)}`,
    port,
    auth: index % 2 === 0 ? 'auto' : 'user-pass',
    schedule: index % 5 === 0 ? '* * * * * *' : 'every 2s',
    timeouts: { connect: '2s', idle: '2s' },
  };
}

function sorted(lists: ReadonlyMap<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries([...lists].map(([name, list]) => [name, [...list].sort()]));
}
