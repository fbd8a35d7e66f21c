import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { MailError, systemCode } from '../errors.ts';
import { describeSystemError, WireError } from './errors.ts';
import { MAX_TUNNEL_WORDS_OCTETS } from './limits.ts';
import { endGroup } from './process-group.ts';
import { printable } from './text.ts';

/** A program whose standard input and output are the line to the server. */
export interface Tunnel {
  /** Text runs through `/bin/sh`, a list without a shell. `%h` stands for the host, `%p` for the port, `%%` for `%`. */
  readonly command: string | readonly string[];
  /** Default: the current folder. */
  readonly folder?: string | undefined;
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** How long after the end of its output the end of a tunnel command is waited for. */
const GRACE_MS = 200;

/** How long a tunnel command may take to end when its line has ended. */
const FAREWELL_MS = 1000;

/** Starts the command. Raises `unreachable` where it cannot be started; how it ends is the end of the line. */
export async function openTunnel(tunnel: Tunnel, host: string, port: number): Promise<Duplex> {
  const child = start(tunnel, host, port);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(notStarted(cause)));
  });
  child.on('error', () => undefined);
  const line = new TunnelLine(child);
  line.once('close', () => endSoon(child));
  return line;
}

const NOTHING = Buffer.alloc(0);

/** The two ends of a program as one. How it ends is told when all that it has said was read. */
class TunnelLine extends Duplex {
  readonly #child: ChildProcess;
  #words = Buffer.alloc(0);
  /** How it has ended, where that was badly. */
  #failure: WireError | undefined;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    const { stdin, stdout, stderr } = child;
    stderr?.on('data', (block: Buffer) => {
      this.#words = Buffer.concat([this.#words, block]).subarray(0, MAX_TUNNEL_WORDS_OCTETS);
    });
    stdout?.on('data', (block: Buffer) => {
      if (!this.push(block)) stdout.pause();
    });
    // A program may close its output and go on; usually it ends, and then how it ends says more.
    stdout?.once('end', () => setTimeout(() => this.push(null), GRACE_MS).unref());
    child.once('close', (status, signal) => {
      if (status !== 0) this.#failure = endedBadly(status, signal, this.#words.toString());
      if (status === 0) this.push(null);
      else this._read();
    });
    for (const stream of [stdin, stdout, stderr]) stream?.on('error', () => undefined);
  }

  override _read(): void {
    if (this.#failure === undefined) this.#child.stdout?.resume();
    else if (this.readableLength === 0) this.destroy(this.#failure);
    // Who pushes nothing is asked again, when what lies here was read.
    else this.push(NOTHING);
  }

  override _write(block: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Should the program not read any more, its end tells why.
    this.#child.stdin?.write(block, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    done(error);
  }
}

function start({ command, folder, env }: Tunnel, host: string, port: number): ChildProcess {
  // A host is part of a shell's text: nothing in it may mean something to a shell.
  if (!/^[\p{L}\p{N}._:%-]+$/u.test(host) || host.startsWith('-')) {
    throw new MailError('config', 'The host has characters that cannot be passed to a tunnel command.', {
      hint: 'Check "host".',
    });
  }
  const placed = (text: string): string =>
    text.replaceAll(/%[hp%]/g, (sign) => (sign === '%h' ? host : sign === '%p' ? String(port) : '%'));
  const [program = '', ...args] =
    typeof command === 'string' ? ['/bin/sh', '-c', placed(command)] : command.map(placed);
  try {
    // A process group of its own, so that its end is also that of what it has started.
    return spawn(program, args, { cwd: folder, env, stdio: 'pipe', detached: true });
  } catch (thrown) {
    throw notStarted(thrown);
  }
}

/** Its input has ended; a command that stays all the same is ended. */
function endSoon(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  endGroup(child, 'SIGTERM');
  const patience = setTimeout(() => endGroup(child, 'SIGKILL'), FAREWELL_MS);
  child.once('close', () => clearTimeout(patience));
}

function notStarted(cause: unknown): WireError {
  const why = systemCode(cause) === 'ENOENT' ? 'there is no such program' : describeSystemError(cause);
  return new WireError('unreachable', `The tunnel command cannot be started: ${why}.`, {
    cause,
    hint: 'Check "tunnel"; run it by hand as the user who runs Mailferry.',
  });
}

function endedBadly(status: number | null, signal: NodeJS.Signals | null, words: string): WireError {
  const how = signal === null ? `with status ${status ?? 'unknown'}` : `by ${signal}`;
  const said = words.trim() === '' ? '' : `: ${printable(words.trim())}`;
  return new WireError('unreachable', `The tunnel command ended ${how}${said}`, {
    hint: 'Run it by hand as the user who runs Mailferry.',
  });
}
