import { once } from 'node:events';
import { type Running, startProgram } from './program.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `mailferry serve` as a child process, until it is disposed of. */
export interface Served extends AsyncDisposable {
  readonly running: Running;
  readonly pid: number;
  readonly pop3: Address;
  readonly pop3s: Address | null;
}

/** Starts `mailferry serve` on free ports and waits until it is ready. Rejects when it ends before that. */
export async function served(words: readonly string[], cwd: string): Promise<Served> {
  const running = startProgram(['serve', '--listen', '127.0.0.1:0', ...words], { cwd });
  const { process } = running;
  if (process.stdout === null) throw new Error('The server has no output.');
  const ready = once(process.stdout, 'data') as Promise<[Buffer]>;
  const early = running.ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
  const [line] = await Promise.race([ready, early]);
  const { pop3, pop3s, pid } = JSON.parse(line.toString()) as Pick<Served, 'pop3' | 'pop3s' | 'pid'>;
  return {
    running,
    pid,
    pop3,
    pop3s,
    [Symbol.asyncDispose]: async () => {
      process.kill('SIGTERM');
      await running.ended;
    },
  };
}
