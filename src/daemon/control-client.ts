import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { MailError, systemCode } from '../errors.ts';
import type { Refused } from './control-protocol.ts';

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accounts?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the daemon behind a control socket; resolves to the lines of its answer, each a JSON value, as they come.
 * Undefined when no daemon is there. Raises what the daemon refuses with.
 */
export async function askDaemon(
  socketPath: string,
  { method, path, accounts, signal }: ControlRequest,
): Promise<AsyncIterable<unknown> | undefined> {
  const response = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    // One connection for one question: one that is kept open would keep this process alive for seconds.
    const asked = request({ socketPath, method, path, signal, agent: false }, (answer) => {
      // An answer that is cut off, or that nobody wants to read to its end, ends early.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    asked.once('error', (error) => {
      const code = systemCode(error) ?? '';
      if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ECONNRESET'].includes(code)) resolve(undefined);
      else reject(unusable(socketPath, error));
    });
    asked.end(accounts === undefined ? undefined : JSON.stringify({ accounts }));
  });
  if (response === undefined) return undefined;
  const lines = linesOf(response);
  if (response.statusCode === 200) return lines;
  for await (const line of lines) {
    const { code, message, hint } = (line as Refused).error;
    throw new MailError(code, message, { hint: hint ?? undefined });
  }
  throw new MailError('internal', `The daemon answered ${response.statusCode} and nothing else.`);
}

async function* linesOf(response: IncomingMessage): AsyncGenerator {
  for await (const line of createInterface({ input: response })) {
    if (line !== '') yield JSON.parse(line) as unknown;
  }
}

function unusable(socketPath: string, error: Error): MailError {
  const hint =
    systemCode(error) === 'EACCES'
      ? 'Only the user who runs the daemon, and root, may ask it.'
      : 'Check "controlSocket" in the configuration.';
  return new MailError('usage', `The daemon cannot be asked at ${socketPath}: ${error.message}.`, { hint });
}
