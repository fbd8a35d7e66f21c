/**
 * `mailferry`: polls accounts as the command line does. The POP3 client and the POP3 server are
 * `mailferry/client` and `mailferry/server`.
 */
import type { Configuration } from './config/configuration.ts';
import { homeFolder } from './config/home.ts';
import { type LoadOptions, loadConfiguration as load } from './config/load.ts';

export { App, type AppOptions } from './app.ts';
export type { AccountConfiguration, Configuration } from './config/configuration.ts';
export type { LoadOptions } from './config/load.ts';
export { ConfigurationError, type Problem } from './config/problem.ts';
export type { DestinationSettings } from './delivery/settings.ts';
export { type ErrorCode, MailError } from './errors.ts';
export type { Account, PollLimits } from './poll/account.ts';
export type { DeletionPolicy } from './poll/deletion-policy.ts';
export type { PollObserver } from './poll/observer.ts';
export type { PollControl } from './poll/poll.ts';
export type { Preview } from './poll/preview.ts';
export type { PollReport } from './poll/report.ts';
export { type Runtime, systemRuntime } from './runtime.ts';

/**
 * Finds, reads and checks a configuration as the commands do: the file at `path`, else that of `$MAILFERRY_CONFIG`, else
 * the first that is there of those in the documentation. What is left out is that of this process. Raises a
 * `ConfigurationError` with everything that is wrong in it, or a `MailError` of code `config` when there is none, or it
 * cannot be read, or it should not be trusted.
 */
export function loadConfiguration(options: Partial<LoadOptions> = {}): Promise<Configuration> {
  const { env } = process;
  return load({ env, cwd: process.cwd(), home: homeFolder(), uid: process.getuid?.(), ...options });
}
