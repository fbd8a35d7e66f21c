import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { MailError, systemCode } from '../errors.ts';
import { formatDuration } from '../schedule/duration.ts';
import type { Refused } from './control-protocol.ts';

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accounts?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For so long the daemon may be silent before it begins to answer. Default: 30 s. */
  readonly patienceMs?: number | undefined;
}

/** A daemon begins each answer at once, also on a machine that is very busy. */
const PATIENCE_MS = 30_000;

/**
 * Asks the daemon behind a control socket; resolves to the lines of its answer, each a JSON value, as they come.
 * Undefined when no daemon is there. Raises what the daemon refuses with, and `timeout` where it does not begin to answer (I7).
 */
export async function askDaemon(
  socketPath: string,
  { method, path, accounts, signal, patienceMs = PATIENCE_MS }: ControlRequest,
): Promise<AsyncIterable<unknown> | undefined> {
  const response = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    // One connection for one question: one that is kept open would keep this process alive for seconds.
    const asked = request({ socketPath, method, path, signal, agent: false }, (answer) => {
      // An answer that is cut off, or that nobody wants to read to its end, ends early.
      answer.on('error', () => undefined);
      clearTimeout(patience);
      resolve(answer);
    });
    const patience = setTimeout(() => asked.destroy(stuck(patienceMs)), patienceMs);
    asked.once('error', (error) => {
      clearTimeout(patience);
      const code = systemCode(error) ?? '';
      if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ECONNRESET'].includes(code)) resolve(undefined);
      else reject(error instanceof MailError ? error : unusable(socketPath, error));
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

/** Such as one whose process was stopped, or waits for a disk that does not answer. */
function stuck(patienceMs: number): MailError {
  return new MailError(
    'timeout',
    `The daemon has not answered for ${formatDuration(patienceMs)}: it is stuck.`,
    {
      hint: 'Restart it, and look at the disks if it does not end; what was carried stays so.',
    },
  );
}

function unusable(socketPath: string, error: Error): MailError {
  const hint =
    systemCode(error) === 'EACCES'
      ? 'Only the user who runs the daemon, and root, may ask it.'
      : 'Check "controlSocket" in the configuration.';
  return new MailError('usage', `The daemon cannot be asked at ${socketPath}: ${error.message}.`, { hint });
}
