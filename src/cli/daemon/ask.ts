import { askDaemon, type ControlRequest } from '../../daemon/control-client.ts';
import type { Status } from '../../daemon/status.ts';
import { MailError } from '../../errors.ts';
import type { GlobalOptions } from '../command.ts';
import { controlSocketFor } from '../load.ts';

/**
 * Asks the daemon that the configuration means, also while that has faults, since just then somebody wants to know how the
 * daemon is. Raises `unreachable` when there is none.
 */
export async function askRunning(
  options: GlobalOptions,
  request: ControlRequest,
): Promise<AsyncIterable<unknown>> {
  const { controlSocket } = await controlSocketFor(options);
  const answer = await askDaemon(controlSocket, request);
  if (answer !== undefined) return answer;
  throw new MailError('unreachable', `No daemon answers at ${controlSocket}.`, {
    hint: 'Start one with `mailferry run`, or poll once now with `mailferry fetch`.',
  });
}

/** The only value of an answer. */
export async function firstOf<T>(answer: AsyncIterable<unknown>): Promise<T> {
  for await (const value of answer) return value as T;
  throw new MailError('connection-lost', 'The daemon ended before it had answered.');
}

/** Raises `usage` for a name that nobody has: nothing is wrong with an account that is not there, and nothing right (I9). */
export function refuseUnknown({ daemon, accounts }: Status, names: readonly string[]): void {
  const unknown = names.find((name) => accounts.every(({ account }) => account !== name));
  if (unknown === undefined) return;
  const who = daemon === null ? 'The configuration' : 'The daemon';
  const reload = daemon === null ? '' : ' A new one in the configuration needs: mailferry reload';
  throw new MailError('usage', `${who} has no account named "${unknown}".`, {
    hint: `It has: ${accounts.map(({ account }) => account).join(', ')}.${reload}`,
  });
}
