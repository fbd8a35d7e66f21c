import { type ChildProcess, spawn } from 'node:child_process';
import { systemCode } from '../errors.ts';
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
  /** Whether what it says on standard error is wanted. Else that is thrown away, and what it leaves behind may go on with it. */
  readonly listens: boolean;
}

/** How a program has ended, and the beginning of what it has said on standard error. */
export type Ending = { readonly said: string } & (
  | { readonly how: 'exited'; readonly status: number }
  | { readonly how: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly how: 'too-late' }
  | { readonly how: 'not-started'; readonly why: string }
);

/** How a program has ended, behind its name in a sentence. */
export function endingText(ending: Ending, limitMs: number): string {
  if (ending.how === 'exited') return `ended with status ${ending.status}`;
  if (ending.how === 'killed') return `was ended by ${ending.signal}`;
  if (ending.how === 'too-late') return `has not ended within ${limitMs / 1000} s`;
  return `cannot be started: ${ending.why}`;
}

/** More than a few lines help nobody. */
export const MAX_SAID_CHARACTERS = 1000;

/** What was said last may be under way when the program ends; what it left behind may hold the pipe for ever. */
const DRAIN_MS = 500;

/**
 * Runs a program and waits for its end, until the limit at most, when it and all that it has started are killed. What it prints on
 * standard output is thrown away. Never rejects.
 */
export async function runProgram(run: ProgramRun): Promise<Ending> {
  const { command, folder, env, input, limitMs, listens } = run;
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: folder,
      env: { ...env },
      stdio: [typeof input === 'number' ? input : 'pipe', 'ignore', listens ? 'pipe' : 'ignore'],
      // A process group of its own, so that the limit ends also what the program has started.
      detached: true,
    });
  } catch (thrown) {
    return notStarted(thrown);
  }
  const said = standardError(child);
  const ended = endOf(child, limitMs);
  // Whoever does not want all of it closes it early.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ending = await ended;
  return ending.how === 'not-started' ? ending : { ...ending, said: await said() };
}

function endOf(child: ChildProcess, limitMs: number): Promise<Ending> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      endGroup(child, 'SIGKILL');
      resolve({ how: 'too-late', said: '' });
    }, limitMs);
    const settle = (ending: Ending): void => {
      clearTimeout(limit);
      resolve(ending);
    };
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

/** Gathers what a program says on standard error; resolves to the beginning of it, shortly after the end at the latest. */
function standardError({ stderr }: ChildProcess): () => Promise<string> {
  if (stderr === null) return () => Promise.resolve('');
  let text = '';
  stderr.setEncoding('utf8').on('data', (block: string) => {
    text += block.slice(0, MAX_SAID_CHARACTERS - text.length);
  });
  const closed = new Promise<void>((resolve) => {
    stderr.once('close', resolve);
  });
  return async () => {
    const timer = setTimeout(() => stderr.destroy(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
    return text.trim();
  };
}
