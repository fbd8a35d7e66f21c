import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../bin/mailferry.js');

const living = new Set<ChildProcess>();

/** Ends what runs still; a daemon that a test has left behind would answer in the place of the next run's. */
export function endPrograms(): void {
  for (const child of living) child.kill('SIGKILL');
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the built program as a user would, in `cwd`, with nothing in its environment that could configure it. */
export function startProgram(
  words: readonly string[],
  { cwd, under = [], env: more = {} }: { cwd: string; under?: readonly string[]; env?: NodeJS.ProcessEnv },
): Running {
  const [command = '', ...rest] = [...under, process.execPath, PROGRAM, ...words];
  const env = { PATH: process.env['PATH'], HOME: cwd, LANG: 'C.UTF-8', TZ: 'UTC', ...more };
  const child = spawn(command, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (block: Buffer) => stdout.push(block));
  child.stderr.on('data', (block: Buffer) => stderr.push(block));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      living.delete(child);
      const said = Buffer.concat(stderr).toString();
      // A warning of Node itself is a defect of ours, and nothing for the user.
      if (/^\(node:\d+\)/m.test(said)) reject(new Error(said));
      else resolve({ status, signal, stdout: Buffer.concat(stdout).toString(), stderr: said });
    });
  });
  return { process: child, ended };
}

/** Runs the built program to its end. */
export function runProgram(
  words: readonly string[],
  options: { cwd: string; under?: readonly string[] },
): Promise<Ended> {
  return startProgram(words, options).ended;
}

/** Writes a configuration with one account, `me`, and returns its path. Values are JSON, which is YAML. */
export async function writeConfiguration(
  folder: string,
  account: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Promise<string> {
  const path = join(folder, 'mailferry.yaml');
  const me = {
    host: '127.0.0.1',
    tls: 'none',
    user: 'alice',
    password: 'secret',
    deliver: { type: 'maildir', path: './Mail' },
    delete: 'after-delivery',
    ...account,
  };
  const more = Object.entries(others).map(([name, other]) => [name, { ...me, ...other }]);
  const whole = { stateDir: './state', accounts: { me, ...Object.fromEntries(more) } };
  await writeFile(path, JSON.stringify(whole, undefined, 2), { mode: 0o600 });
  return path;
}
