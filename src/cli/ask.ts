import { askDaemon, type ControlRequest } from '../daemon/control-client.ts';
import { MailError } from '../errors.ts';
import type { GlobalOptions } from './command.ts';
import { loadFor } from './load.ts';

/** Asks the daemon that the configuration means. Raises `unreachable` when there is none. */
export async function askRunning(
  options: GlobalOptions,
  request: ControlRequest,
): Promise<AsyncIterable<unknown>> {
  const { daemon } = await loadFor(options);
  const answer = await askDaemon(daemon.controlSocket, request);
  if (answer !== undefined) return answer;
  throw new MailError('unreachable', `No daemon answers at ${daemon.controlSocket}.`, {
    hint: 'Start one with `mailferry run`, or poll once now with `mailferry fetch`.',
  });
}

/** The only value of an answer. */
export async function firstOf<T>(answer: AsyncIterable<unknown>): Promise<T> {
  for await (const value of answer) return value as T;
  throw new MailError('connection-lost', 'The daemon ended before it had answered.');
}
