import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, runProgram } from '../support/program.ts';

/** One call that changes a file or sends to the server. */
export interface Call {
  /** 1 for the first of the run. */
  readonly ordinal: number;
  readonly name: string;
  /** Relative to the folder, or `socket`. */
  readonly path: string;
}

export interface Interruption {
  /**
   * `kill`: SIGKILL before it. `torn`: SIGKILL when half of it is written. `full`: no room from then on. `short`: no
   * room for half of that one. `fsync`: that one fails. `io`: that call fails, whatever it is. `dead`: it and all
   * that come after it do.
   */
  readonly how: 'kill' | 'torn' | 'full' | 'short' | 'fsync' | 'io' | 'dead';
  /** At which call, 1 or more; 0: never. */
  readonly at: number;
}

function isFrame(call: Call | undefined): boolean {
  return call?.name.startsWith('pwrite') === true && call.path.endsWith('-wal');
}

/** Without those writes to the write-ahead log of which only the last before each fsync counts. */
export function withoutFrames(calls: readonly Call[]): readonly Call[] {
  return calls.filter((call, index) => !isFrame(call) || !isFrame(calls[index + 1]));
}

const SOURCE = join(import.meta.dirname, 'interrupt.c');

/** Runs the built program in `folder` with something done to it at one call; the calls up to its end. */
export async function runInterrupted(
  words: readonly string[],
  folder: string,
  { how, at }: Interruption,
): Promise<Ended & { readonly calls: readonly Call[] }> {
  const log = join(folder, 'calls');
  await rm(log, { force: true });
  const under = [
    'env',
    `LD_PRELOAD=${library()}`,
    `INTERRUPT_FOLDER=${folder}`,
    `INTERRUPT_AT=${at}`,
    `INTERRUPT_HOW=${how}`,
    `INTERRUPT_LOG=${log}`,
  ];
  const ended = await runProgram(words, { cwd: folder, under });
  const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const calls = lines.map((line) => {
    const [ordinal = '', name = '', ...path] = line.split(' ');
    return { ordinal: Number(ordinal), name, path: path.join(' ') };
  });
  return { ...ended, calls: calls.sort((a, b) => a.ordinal - b.ordinal) };
}

let built: string | undefined;

/** The library that interrupts, compiled once for each version of its source. */
function library(): string {
  if (built !== undefined) return built;
  const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `mailferry-interrupt-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${hash}.so`);
  if (!existsSync(path)) {
    const own = `${path}.${process.pid}`;
    execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', own, SOURCE, '-ldl'], { stdio: 'pipe' });
    renameSync(own, path);
  }
  built = path;
  return path;
}
