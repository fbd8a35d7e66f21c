/**
 * `mailferry`: polls accounts as the command line does. The POP3 client and the POP3 server are
 * `mailferry/client` and `mailferry/server`.
 */
export { App, type AppOptions } from './app.ts';
export type { AccountConfiguration, Configuration } from './config/configuration.ts';
export { type LoadOptions, loadConfiguration } from './config/load.ts';
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
