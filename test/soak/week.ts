import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { App } from '../../src/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { writeDaemonConfiguration } from '../support/daemon.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const DAY_MS = 86_400_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What the process holds, once all garbage is gone. */
export interface Holdings {
  readonly polls: number;
  readonly heapOctets: number;
  /** What is outside of the heap of JavaScript: buffers. */
  readonly externalOctets: number;
  readonly files: number;
  /** Timers, sockets and whatever else keeps a process alive. */
  readonly handles: number;
}

interface WeekOptions {
  readonly accounts: number;
  readonly schedule: string;
}

/** Whether a connection or a call of the system is under way still; a leak keeps it so for ever. */
function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:TCPSocketWrap|FSReq)/.test(name));
}

/**
 * A daemon that polls a real server over real connections into real Maildirs, with a clock that only the test moves: days
 * go by in as long as their polls take. Each tenth poll finds a new message, and one of the accounts is always refused.
 */
export class Week implements AsyncDisposable {
  readonly #runtime = new FakeRuntime();
  readonly #folder: TemporaryFolder;
  readonly #server: Pop3Server;
  readonly #app: App;
  readonly #daemon: Daemon;
  readonly #running = new Set<Promise<unknown>>();
  readonly #names: readonly string[];
  #polls = 0;
  #carried = 0;

  private constructor(
    parts: { folder: TemporaryFolder; server: Pop3Server; names: readonly string[] },
    configuration: Awaited<ReturnType<typeof loadConfiguration>>,
    app: App,
  ) {
    this.#folder = parts.folder;
    this.#server = parts.server;
    this.#names = parts.names;
    this.#app = app;
    const { accounts, concurrency, daemon } = configuration;
    const settings = { accounts, concurrency, notices: daemon.notify.policy };
    this.#daemon = new Daemon(settings, {
      runtime: this.#runtime,
      ledger: app.ledger,
      poll: async (account, control) => {
        this.#deliver(account.account.name);
        const polled = app.pollOne(account, control);
        this.#running.add(polled);
        const report = await polled;
        this.#running.delete(polled);
        this.#carried += report.fetched;
        return report;
      },
      notify: ({ left }) => left([]),
      log: () => undefined,
      changed: () => undefined,
    });
  }

  static async begin({ accounts, schedule }: WeekOptions): Promise<Week> {
    const folder = await temporaryFolder();
    const names = Array.from({ length: accounts }, (_, index) => `a${index}`);
    const server = await createServer({
      users: Object.fromEntries(names.map((name) => [name, { password: 'secret', messages: [] }])),
      limits: { failedLoginDelayMs: 0 },
    });
    const { port } = server.address;
    const account = (index: number): Record<string, unknown> => ({
      port,
      schedule,
      ...(index === 0 ? { password: 'wrong' } : {}),
    });
    const rows = names.map((name, index) => [name, account(index)] as const);
    await writeDaemonConfiguration(folder.path, Object.fromEntries(rows));
    const where = { path: undefined, env: {}, cwd: folder.path, home: folder.path, uid: process.getuid?.() };
    const configuration = await loadConfiguration(where);
    const runtime = new FakeRuntime();
    const app = await App.open({ configuration, runtime, observer: {} });
    return new Week({ folder, server, names }, configuration, app);
  }

  get carried(): number {
    return this.#carried;
  }

  /** Lets so many days go by. */
  async live(days: number): Promise<void> {
    for (const end = this.#runtime.now() + days * DAY_MS; this.#runtime.now() < end; ) {
      this.#daemon.tick();
      while (this.#daemon.polling + this.#daemon.waiting > 0) {
        await Promise.all(this.#running);
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.#runtime.advance(Math.max(1, Math.ceil(this.#daemon.sleepMs)));
    }
  }

  async holdings(): Promise<Holdings> {
    // Connections are closed some turns of the event loop after the polls that had them.
    for (let turn = 0; turn < 20 || (turn < 20_000 && isBusy()); turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
    for (let time = 0; time < 3; time += 1) collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return {
      polls: this.#polls,
      heapOctets: heapUsed,
      externalOctets: external,
      files: readdirSync('/proc/self/fd').length,
      handles: process.getActiveResourcesInfo().length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.drain(1000);
    this.#app[Symbol.dispose]();
    await this.#server.close();
    await this.#folder[Symbol.asyncDispose]();
  }

  #deliver(name: string): void {
    this.#polls += 1;
    if (this.#polls % 10 !== 0 || name === this.#names[0]) return;
    this.#server
      .maildrop(name)
      .add(`Message-ID: <${this.#polls}@week.example>\r\n\r\nnumber ${this.#polls}\r\n`);
  }
}
