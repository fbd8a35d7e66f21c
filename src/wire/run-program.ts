import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemCode } from '../errors.ts';
import { afterReading } from './after-reading.ts';
import { endGroup } from './process-group.ts';

export interface ProgramRun {
  /** Text runs through `/bin/sh`, a list without a shell. */
  readonly command: string | readonly string[];
  /** Default: the current folder. */
  readonly folder: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it finds on its standard input: a text, or the file of this number from its present position on. */
  readonly input: string | number;
  readonly limitMs: number;
  /**
   * How much is wanted of what it prints: nothing, so that what it leaves running may go on printing; standard error when it
   * has failed; or all, standard output too.
   */
  readonly hears: 'nothing' | 'errors' | 'all';
  /** Takes what it prints on standard output, all of it; that is then no part of what is heard. */
  readonly onOutput?: ((block: Buffer) => void) | undefined;
  /** Asks it to end, and ends it a moment later. */
  readonly stop?: AbortSignal | undefined;
  /** How long that moment is, in milliseconds. Default: two seconds. */
  readonly farewellMs?: number | undefined;
}

/** How a program has ended, and the beginning of what it has said, as far as that is wanted. */
export type Ending = { readonly said: string } & (
  | { readonly how: 'exited'; readonly status: number }
  | { readonly how: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly how: 'too-late' }
  | { readonly how: 'not-started'; readonly why: string }
);

/** Whether a program says that it has done what it was to do. */
export function wentWell(ending: Ending): boolean {
  return ending.how === 'exited' && ending.status === 0;
}

/** How a program has ended, behind its name in a sentence. */
export function endingText(ending: Ending, limitMs: number): string {
  if (ending.how === 'exited') return `ended with status ${ending.status}`;
  if (ending.how === 'killed') return `was ended by ${ending.signal}`;
  if (ending.how === 'too-late') return `has not ended within ${limitMs / 1000} s`;
  return `cannot be started: ${ending.why}`;
}

/** More than a few lines help nobody. */
export const MAX_SAID_CHARACTERS = 1000;

/** How long a program may take to end when it is asked to. */
const FAREWELL_MS = 2000;

/** What was said last may be under way when the program ends; what it left behind may hold the pipe for ever. */
const DRAIN_MS = 500;

/**
 * Runs a program and waits for its end, until the limit at most, when it and all that it has started are killed. Never rejects.
 */
export async function runProgram(run: ProgramRun): Promise<Ending> {
  const { command, folder, env, input, hears, onOutput } = run;
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: folder,
      env: { ...env },
      stdio: [
        typeof input === 'number' ? input : 'pipe',
        hears === 'all' || onOutput !== undefined ? 'pipe' : 'ignore',
        hears === 'nothing' ? 'ignore' : 'pipe',
      ],
      // A process group of its own, so that the limit ends also what the program has started.
      detached: true,
    });
  } catch (thrown) {
    return notStarted(thrown);
  }
  const said = new Said(child, onOutput);
  const ended = endOf(child, run);
  // Whoever does not want all of it closes it early.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ending = await ended;
  if (ending.how === 'not-started') return ending;
  const isUnwanted = hears === 'errors' && onOutput === undefined && wentWell(ending);
  return { ...ending, said: isUnwanted ? said.forget() : await said.all() };
}

function endOf(
  child: ChildProcess,
  { limitMs, stop, farewellMs = FAREWELL_MS }: ProgramRun,
): Promise<Ending> {
  return new Promise((resolve) => {
    const kill = (ending: Ending): void => {
      endGroup(child, 'SIGKILL');
      settle(ending);
    };
    const timers = [setTimeout(() => kill({ how: 'too-late', said: '' }), limitMs)];
    const onStop = (): void => {
      endGroup(child, 'SIGTERM');
      const killed: Ending = { how: 'killed', signal: 'SIGKILL', said: '' };
      timers.push(setTimeout(() => kill(killed), farewellMs));
    };
    const settle = (ending: Ending): void => {
      for (const timer of timers) clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(ending);
    };
    if (stop?.aborted === true) onStop();
    else stop?.addEventListener('abort', onStop);
    child.once('error', (thrown) => settle(notStarted(thrown)));
    child.once('exit', (status, signal) => {
      settle(
        // One of both is told; where neither were, it must not look as if all went well.
        status === null
          ? { how: 'killed', signal: signal ?? 'SIGKILL', said: '' }
          : { how: 'exited', status, said: '' },
      );
    });
  });
}

function notStarted(thrown: unknown): Ending {
  const code = systemCode(thrown) ?? 'unknown error';
  return { how: 'not-started', why: code === 'ENOENT' ? 'there is no such program' : code, said: '' };
}

/** Gathers the beginning of what a program says. */
class Said {
  #text = '';
  readonly #streams: readonly Readable[];
  readonly #closed: Promise<unknown>;

  constructor({ stdout, stderr }: ChildProcess, onOutput: ProgramRun['onOutput']) {
    this.#streams = [stdout, stderr].filter((stream) => stream !== null);
    this.#closed = Promise.all(
      this.#streams.map((stream) => {
        if (stream === stdout && onOutput !== undefined) stream.on('data', onOutput);
        else {
          stream.setEncoding('utf8').on('data', (block: string) => {
            this.#text += block.slice(0, MAX_SAID_CHARACTERS - this.#text.length);
          });
        }
        return new Promise<void>((resolve) => {
          stream.once('close', resolve);
        });
      }),
    );
  }

  /** Resolves shortly after the end at the latest. */
  async all(): Promise<string> {
    const callOff = afterReading(DRAIN_MS, () => this.forget());
    await this.#closed;
    callOff();
    return this.#text.trim();
  }

  /** Hears no more. */
  forget(): '' {
    for (const stream of this.#streams) stream.destroy();
    return '';
  }
}
