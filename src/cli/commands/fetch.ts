import { App } from '../../app.ts';
import type { Logger } from '../../observe/logger.ts';
import type { PollObserver } from '../../poll/observer.ts';
import type { PollReport } from '../../poll/report.ts';
import { systemRuntime } from '../../runtime.ts';
import { printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { loadFor, selectAccounts } from '../load.ts';
import { Progress } from '../progress.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, showError, type Terminal } from '../terminal.ts';
import { reportLine } from '../wording.ts';

/** Some messages could not be carried; the rest are safe. */
const PARTLY = 65;

export interface FetchOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly progress: boolean;
  readonly confirmDelete?: boolean;
}

/** `mailferry fetch`: polls once now, then ends. */
export const fetch: CommandRun<FetchOptions> = async (options, names) => {
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const accounts = selectAccounts(configuration, names);
  const logger = await loggerFor(options, terminal);
  const watched = options.progress && options.quiet !== true && options.json !== true;
  const progress = watched ? new Progress(terminal, systemRuntime) : undefined;
  const observer: PollObserver = {
    planned: (account, messages, octets) => progress?.planned(account, messages, octets),
    received: (account, octets) => progress?.received(account, octets),
    carried: (account) => progress?.carried(account),
    noticed: (account, notice) => {
      progress?.clear();
      terminal.err(`${account}: ${terminal.style('yellow', 'note:')} ${printable(notice, 1000)}`);
      logger?.info({ account }, notice);
    },
    finished: (report) => {
      progress?.clear();
      logger?.info(report, 'poll finished');
      show(report, options, terminal);
    },
  };
  using control = signalControl();
  using app = await App.open({ configuration, runtime: systemRuntime, observer, logger });
  const statuses =
    options.dryRun === true
      ? await (await import('./preview.ts')).previewAll(app, accounts, { options, control, terminal })
      : (
          await app.poll(accounts, {
            stop: control.stop,
            abort: control.abort,
            confirmDelete: options.confirmDelete,
          })
        ).map(statusOfReport);
  return control.status ?? worstStatus(statuses);
};

/** A poll logs nothing above the level info, so that the logger need not be loaded for less. */
async function loggerFor(
  { logLevel, logFormat }: Parameters<typeof fetch>[0],
  { interactive, colours }: Terminal,
): Promise<Logger | undefined> {
  if (logLevel !== 'info' && logLevel !== 'debug' && logLevel !== 'trace') return undefined;
  const { createLogger } = await import('../../observe/logger.ts');
  return createLogger({ level: logLevel, format: logFormat, terminal: interactive, colours });
}

/** The exit status that one account's report stands for. */
export function statusOfReport({ outcome, error }: PollReport): number {
  if (outcome === 'ok') return 0;
  if (error?.code === 'login-delay') return statusOf(error.code);
  return outcome === 'partial' || error === null ? PARTLY : statusOf(error.code);
}

function show(report: PollReport, { json, quiet }: FetchOptions, terminal: Terminal): void {
  if (json === true) return terminal.out(JSON.stringify(report));
  const { outcome, error, account } = report;
  if (outcome === 'ok' ? quiet !== true : report.fetched + report.deleted > 0)
    terminal.out(reportLine(report));
  if (error !== null)
    showError(terminal, error, outcome === 'failed' ? `${account}: failed:` : `${account}:`);
  else if (outcome === 'partial') terminal.err(`${account}: ${report.quarantined} messages are quarantined.`);
}
