import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { compile } from './compile.ts';

const NAMESPACE = 'mailferry-bench';
const DEVICE = 'mfbench0';

/** Where the server is to be reached from the other end of the wire. */
export const NEAR_ADDRESS = '10.219.47.1';
const FAR_ADDRESS = '10.219.47.2';

/** A wire of adjustable length to a network namespace, in which the programs run. Needs root. */
export class Wire implements AsyncDisposable {
  readonly #line: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(line: ChildProcess, reader: Interface, answers: AsyncIterator<string>) {
    this.#line = line;
    this.#reader = reader;
    this.#answers = answers;
  }

  static async open(): Promise<Wire> {
    removeNamespace();
    ip('netns', 'add', NAMESPACE);
    const line = spawn(compile('delay-line.c'), [DEVICE, `/var/run/netns/${NAMESPACE}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const reader = createInterface({ input: line.stdout });
    const answers = reader[Symbol.asyncIterator]();
    await answers.next();
    configureEnd([], NEAR_ADDRESS, FAR_ADDRESS);
    configureEnd(['-n', NAMESPACE], FAR_ADDRESS, NEAR_ADDRESS);
    ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up');
    return new Wire(line, reader, answers);
  }

  /** What goes before a command so that it runs at the other end. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', NAMESPACE];
  }

  /** Sets the round trip; resolves to the octets carried so far, from and to the server, without TCP's headers. */
  async setRoundTrip(milliseconds: number): Promise<number> {
    this.#line.stdin?.write(`${milliseconds}\n`);
    const { value } = await this.#answers.next();
    const [there = 0, back = 0] = String(value).split(' ').map(Number);
    return there + back;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#line.stdin?.end();
    this.#reader.close();
    await new Promise((resolve) => this.#line.once('exit', resolve));
    removeNamespace();
  }
}

function configureEnd(where: readonly string[], own: string, peer: string): void {
  ip(...where, 'addr', 'add', own, 'peer', peer, 'dev', DEVICE);
  ip(...where, 'link', 'set', DEVICE, 'txqueuelen', '10000', 'up');
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function removeNamespace(): void {
  try {
    ip('netns', 'del', NAMESPACE);
  } catch {
    // There was none.
  }
}
