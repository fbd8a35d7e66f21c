import { spawn } from 'node:child_process';
import { MailError, systemCode } from '../errors.ts';
import { SEND_LIMIT_MS } from './post.ts';

export interface CommandRun {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
}

/**
 * Runs a command with that on its standard input, and waits for its end; what it prints is thrown away. Raises a
 * `MailError` without the command in it, which may hold a secret (I5).
 */
export function runNoticeCommand({ command, folder, env, input }: CommandRun): Promise<void> {
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
      // The `timeout` of Node would keep the process alive for as long where the program does not even exist.
      signal: AbortSignal.timeout(SEND_LIMIT_MS),
      killSignal: 'SIGKILL',
    });
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      const slow = error.name === 'AbortError';
      const why = `cannot be started: ${systemCode(error) ?? 'unknown error'}`;
      reject(failed(slow ? `has not ended within ${SEND_LIMIT_MS / 1000} s` : why));
    });
    child.once('exit', (status, signal) => {
      if (status === 0) resolve();
      else reject(failed(signal === null ? `ended with status ${status}` : `was ended by ${signal}`));
    });
    child.stdin.end(input);
  });
}

function failed(how: string): MailError {
  return new MailError('usage', `The command for notices ${how}.`);
}
