import { spawn } from 'node:child_process';
import { MailError, systemCode } from '../errors.ts';
import { endGroup } from '../wire/process-group.ts';
import { SEND_LIMIT_MS } from './post.ts';

export interface CommandRun {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
  /** Default: that of everything that sends. */
  readonly limitMs?: number | undefined;
}

/**
 * Runs a command with that on its standard input, and waits for its end; what it prints is thrown away. Raises a
 * `MailError` without the command in it, which may hold a secret (I5).
 */
export function runNoticeCommand(run: CommandRun): Promise<void> {
  const { command, folder, env, input, limitMs = SEND_LIMIT_MS } = run;
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
      // A process group of its own, so that the limit ends also what the command has started.
      detached: true,
    });
    const limit = setTimeout(() => {
      endGroup(child, 'SIGKILL');
      reject(failed(`has not ended within ${limitMs / 1000} s`));
    }, limitMs);
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(failed(`cannot be started: ${systemCode(error) ?? 'unknown error'}`));
    });
    child.once('exit', (status, signal) => {
      clearTimeout(limit);
      if (status === 0) resolve();
      else reject(failed(signal === null ? `ended with status ${status}` : `was ended by ${signal}`));
    });
    child.stdin.end(input);
  });
}

function failed(how: string): MailError {
  return new MailError('usage', `The command for notices ${how}.`);
}
