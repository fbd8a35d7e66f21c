import { App } from '../app.ts';
import type { AccountConfiguration, Configuration } from '../config/configuration.ts';
import { type LonePoll, pollAlone } from '../daemon/lone-poll.ts';
import { asMailError } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { PollObserver } from '../poll/observer.ts';
import type { PollControl } from '../poll/poll.ts';
import { notBegun, pollAll } from '../poll/poll-all.ts';
import type { PollReport } from '../poll/report.ts';
import { systemRuntime } from '../runtime.ts';
import type { Dial } from '../wire/dial.ts';
import { printable } from '../wire/text.ts';
import type { GlobalOptions } from './command.ts';
import type { AfterMailRun } from './commands-after-mail.ts';
import { explainedByDaemon } from './daemon/beside-daemon.ts';
import { worstStatus } from './exit-status.ts';
import { Progress } from './progress.ts';
import { signalControl } from './signals.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { quotingPasswordCommand } from './words/password-words.ts';
import { showReport, statusOfReport } from './words/poll-report.ts';
import { reportText, summaryLine } from './words/wording.ts';

/** How often silence is looked for. */
const TICK_MS = 500;

export interface FetchOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly progress: boolean;
  readonly confirmDelete?: boolean;
}

export interface FetchWork {
  readonly configuration: Configuration;
  readonly accounts: readonly AccountConfiguration[];
  /** Whether the accounts are those that somebody has named. */
  readonly named: boolean;
  readonly dial: Dial;
}

/** What `mailferry fetch` does once the configuration is read. Resolves to its exit status. */
export async function fetchNow(options: FetchOptions & GlobalOptions, work: FetchWork): Promise<number> {
  const { configuration, dial } = work;
  const terminal = processTerminal();
  const accounts = work.accounts.map((account) => quotingPasswordCommand(account, terminal));
  const logger = await loggerFor(options, terminal);
  const watched = options.progress && options.quiet !== true && options.json !== true;
  const progress = watched ? new Progress(terminal, systemRuntime) : undefined;
  const ticking = progress && setInterval(() => progress.tick(), TICK_MS).unref();
  const finished = (report: PollReport): void => {
    progress?.finished(report);
    progress?.clear();
    logger?.info(report, `poll finished: ${reportText(report)}`);
    showReport(report, options, terminal);
  };
  const observer: PollObserver = {
    loggedIn: (account) => progress?.loggedIn(account),
    planned: (account, messages, octets) => progress?.planned(account, messages, octets),
    received: (account, octets) => progress?.received(account, octets),
    carried: (account) => progress?.carried(account),
    noticed: (account, notice) => {
      progress?.clear();
      terminal.err(`${account}: ${terminal.style('yellow', 'note:')} ${printable(notice, 1000)}`);
      logger?.info({ account }, notice);
    },
    finished,
  };
  using control = signalControl();
  using app = await App.open({ configuration, runtime: systemRuntime, observer, logger, dial })
    .catch((thrown: unknown) => explainedByDaemon(thrown, configuration, pollInstead(options, work)))
    .catch((thrown: unknown) => notBegunAtAll(thrown, accounts, { options, terminal }));
  if (options.dryRun === true) {
    const { previewAll } = await import('./commands/preview.ts');
    const statuses = await previewAll(app, accounts, { options, control, terminal });
    return control.status ?? worstStatus(statuses);
  }
  const begun = systemRuntime.monotonic();
  const { stop, abort } = control;
  const polled = { stop, abort, confirmDelete: options.confirmDelete };
  // What is said with --quiet is said by cron, again and again, and not by somebody who has mended something.
  const insists = work.named && options.quiet !== true;
  const reports = await pollEach(
    { ...work, accounts },
    { app, control: polled, insists, notBegun: finished },
  );
  clearInterval(ticking);
  if (watched && reports.length > 1) terminal.out(summaryLine(reports, systemRuntime.monotonic() - begun));
  const afterwards = await runAfterMail(app, accounts, { control, terminal, logger, watched });
  return control.status ?? worstStatus([...reports.map(statusOfReport), ...afterwards]);
}

/** The commands that these accounts are owed, once each. Resolves to the exit statuses. */
async function runAfterMail(
  app: App,
  accounts: readonly AccountConfiguration[],
  how: AfterMailRun & { readonly control: PollControl },
): Promise<readonly number[]> {
  // What a stop has come before is owed to the next one.
  if (how.control.stop.aborted || accounts.every(({ afterMail }) => afterMail === undefined)) return [];
  const { commandsAfterMail } = await import('./commands-after-mail.ts');
  return commandsAfterMail(accounts, { ...how, stop: how.control.abort, ledger: app.ledger });
}

function pollEach(
  { configuration: { concurrency }, accounts }: FetchWork,
  { app, ...how }: LonePoll & { readonly app: App },
): Promise<readonly PollReport[]> {
  const deps = {
    runtime: systemRuntime,
    ledger: app.ledger,
    poll: (account: AccountConfiguration) => app.pollOne(account, how.control),
  };
  const polls = new Map(accounts.map((it) => [it.account, () => pollAlone(it, how, deps)]));
  return pollAll([...polls.keys()], async (account) => (await polls.get(account)?.()) ?? notBegun(account), {
    concurrency,
    control: how.control,
  });
}

/** Whoever reads `--json` gets an object for each account, also where none was begun (a dry run has another form). */
function notBegunAtAll(
  thrown: unknown,
  accounts: readonly AccountConfiguration[],
  { options, terminal }: { options: FetchOptions; terminal: Terminal },
): never {
  if (options.json === true && options.dryRun !== true)
    for (const { account } of accounts) showReport(notBegun(account, asMailError(thrown)), options, terminal);
  throw thrown;
}

/** A poll logs nothing above the level info, so that the logger need not be loaded for less. */
async function loggerFor(
  { logLevel, logFormat }: GlobalOptions,
  { interactive, colours }: Terminal,
): Promise<Logger | undefined> {
  if (logLevel !== 'info' && logLevel !== 'debug' && logLevel !== 'trace') return undefined;
  const { createLogger } = await import('../observe/logger.ts');
  return createLogger({ level: logLevel, format: logFormat, terminal: interactive, colours });
}

/** Beside a daemon: the same poll, made by it. */
function pollInstead({ confirmDelete, dryRun }: FetchOptions, { accounts, named }: FetchWork): string {
  const words = [
    ...(confirmDelete === true && dryRun !== true ? ['--confirm-delete'] : []),
    ...(named ? accounts.map(({ account }) => account.name) : []),
  ];
  return `To let it poll now: ${['mailferry poll', ...words].join(' ')}`;
}
