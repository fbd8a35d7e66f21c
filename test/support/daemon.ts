import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { type Ended, type Running, runProgram, startProgram } from './program.ts';

/** Accounts by name, each with what differs from the usual; and keys at the top. */
export async function writeDaemonConfiguration(
  folder: string,
  accounts: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  general: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const whole = {
    stateDir: './state',
    ...general,
    accounts: Object.fromEntries(
      Object.entries(accounts).map(([name, account]) => [
        name,
        {
          host: '127.0.0.1',
          tls: 'none',
          user: name,
          password: 'secret',
          deliver: { type: 'maildir', path: `./${name}` },
          delete: 'after-delivery',
          schedule: 'every 1s',
          jitter: '0ms',
          ...account,
        },
      ]),
    ),
  };
  await writeFile(join(folder, 'mailferry.yaml'), JSON.stringify(whole, undefined, 2), { mode: 0o600 });
}

/** `mailferry run`, whose log can be waited for. */
export class RunningDaemon implements AsyncDisposable {
  readonly running: Running;
  readonly log: Record<string, unknown>[] = [];
  readonly #cwd: string;
  #wake: () => void = () => undefined;

  constructor(
    cwd: string,
    options: { under?: readonly string[]; env?: NodeJS.ProcessEnv; words?: readonly string[] } = {},
  ) {
    this.#cwd = cwd;
    this.running = startProgram(['run', ...(options.words ?? [])], { cwd, ...options });
    const { stderr } = this.running.process;
    if (stderr === null) throw new Error('no standard error');
    createInterface({ input: stderr }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      this.log.push(JSON.parse(line) as Record<string, unknown>);
      this.#wake();
    });
    void this.running.ended.then(() => this.#wake());
  }

  get process(): ChildProcess {
    return this.running.process;
  }

  /** Resolves to the first line of the log from `from` on whose text fits. */
  async logged(text: RegExp, from = 0): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.log.slice(from).find(({ msg }) => text.test(String(msg)));
      if (line !== undefined) return line;
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        return expect.fail(`it ended without logging ${text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Runs a command beside it. */
  ask(...words: readonly string[]): Promise<Ended> {
    return runProgram(words, { cwd: this.#cwd });
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Ends it properly. */
  async end(): Promise<Ended> {
    this.signal('SIGTERM');
    return this.running.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.running.ended;
  }
}

/** Stands in for systemd; gives the assignments that it is told. */
export class NotifySocket implements AsyncDisposable {
  readonly told: string[] = [];
  readonly #child: ChildProcess;
  #wake: () => void = () => undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async at(name: string): Promise<NotifySocket> {
    const script = join(import.meta.dirname, 'notify-socket.py');
    const child = spawn('python3', [script, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      socket.told.push(line);
      socket.#wake();
    });
    await socket.hears('listening');
    return socket;
  }

  /** Resolves when it was told so, after the first `from` assignments. */
  async hears(assignment: string, from = 0): Promise<void> {
    while (!this.told.slice(from).some((line) => line.startsWith(assignment))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}
