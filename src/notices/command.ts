import { type ChildProcess, spawn } from 'node:child_process';
import { MailError, systemCode } from '../errors.ts';
import { endGroup } from '../wire/process-group.ts';
import { printable } from '../wire/text.ts';
import { SEND_LIMIT_MS } from './post.ts';

export interface CommandRun {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
  /** Default: that of everything that sends. */
  readonly limitMs?: number | undefined;
  /** Whether the hint of what is raised holds what the command has said on standard error. Else that is thrown away. */
  readonly quotes?: boolean | undefined;
}

/** More than a few lines help nobody. */
const MAX_QUOTED_CHARACTERS = 1000;

/** What was said last may be under way when the command ends; what it left behind may hold the pipe for ever. */
const DRAIN_MS = 500;

/**
 * Runs a command with that on its standard input, and waits for its end; what it prints is thrown away. Raises a
 * `MailError` without the command in it, which may hold a secret (I5).
 */
export function runNoticeCommand(run: CommandRun): Promise<void> {
  const { command, folder, env, input, limitMs = SEND_LIMIT_MS, quotes = false } = run;
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      stdio: ['pipe', 'ignore', quotes ? 'pipe' : 'ignore'],
      // A process group of its own, so that the limit ends also what the command has started.
      detached: true,
    });
    const said = standardError(child);
    const limit = setTimeout(() => {
      endGroup(child, 'SIGKILL');
      void said().then((text) => reject(failed(`has not ended within ${limitMs / 1000} s`, text)));
    }, limitMs);
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => {
      clearTimeout(limit);
      const code = systemCode(error) ?? 'unknown error';
      reject(failed(`cannot be started: ${code === 'ENOENT' ? 'there is no such program' : code}`, ''));
    });
    child.once('exit', (status, signal) => {
      clearTimeout(limit);
      const how = signal === null ? `ended with status ${status}` : `was ended by ${signal}`;
      void said().then((text) => (status === 0 ? resolve() : reject(failed(how, text))));
    });
    child.stdin?.end(input);
  });
}

/** Gathers what a command says on standard error; resolves to the beginning of it, shortly after the end at the latest. */
function standardError({ stderr }: ChildProcess): () => Promise<string> {
  if (stderr === null) return () => Promise.resolve('');
  let text = '';
  stderr.setEncoding('utf8').on('data', (block: string) => {
    text += block.slice(0, MAX_QUOTED_CHARACTERS - text.length);
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

/** It is the place that did not take the notice, whatever its reason. */
function failed(how: string, said: string): MailError {
  return new MailError('unreachable', `The command for notices ${how}.`, {
    hint:
      said === ''
        ? 'Run it by hand as the user who runs Mailferry, with a notice as JSON on its standard input.'
        : `It said: ${printable(said, MAX_QUOTED_CHARACTERS)}`,
  });
}
