import { App } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { MailError } from '../../errors.ts';
import { systemRuntime } from '../../runtime.ts';

/**
 * Raises `thrown` again; where it says that another Mailferry has the ledger, and that is a daemon which answers, with
 * `remedy` behind that: what to do beside a daemon.
 */
export async function explainedByDaemon(
  thrown: unknown,
  { daemon }: Configuration,
  remedy: string,
): Promise<never> {
  if (!(thrown instanceof MailError) || thrown.code !== 'already-running') throw thrown;
  const { askDaemon } = await import('../../daemon/control-client.ts');
  const answer = await askDaemon(daemon.controlSocket, { method: 'GET', path: '/status' });
  if (answer === undefined) throw thrown;
  throw new MailError('already-running', thrown.message, {
    cause: thrown,
    hint: `It is the daemon (\`mailferry run\`). ${remedy}`,
  });
}

/**
 * Opens the ledger for a command that needs it for itself and is said with these words. Raises as `App.open` does; where a
 * daemon has it, with what to do.
 */
export function openWithoutDaemon(
  configuration: Configuration,
  words: readonly (string | false)[],
): Promise<App> {
  const command = ['mailferry', ...words.filter((word) => word !== false)].join(' ');
  return App.open({ configuration, runtime: systemRuntime, observer: {} }).catch((thrown: unknown) =>
    explainedByDaemon(thrown, configuration, `Stop it, then: ${command}; then start it again.`),
  );
}
