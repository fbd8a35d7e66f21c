import { App } from '../../app.ts';
import { openLog } from '../../observe/logger.ts';
import { RecentLines } from '../../observe/recent-lines.ts';
import type { PollObserver } from '../../poll/observer.ts';
import { systemRuntime } from '../../runtime.ts';
import type { CommandRun } from '../command.ts';
import { DaemonProcess } from '../daemon/daemon-process.ts';
import { loadFor } from '../load.ts';
import { processTerminal } from '../terminal.ts';
import { reportText } from '../words/wording.ts';

/** `mailferry run`: the daemon, until a signal ends it. */
export const run: CommandRun<object> = async (options) => {
  // Until it can reload, a signal that asks for that must not end it.
  process.on('SIGHUP', () => undefined);
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const lines = new RecentLines();
  const log = await openLog({
    level: options.logLevel ?? configuration.daemon.log.level,
    format: options.logFormat,
    terminal: terminal.interactive,
    colours: terminal.colours,
    file: configuration.daemon.log.file,
    onLine: lines.add,
  });
  const { logger } = log;
  const observer: PollObserver = {
    loggedIn: (account, facts) => ferry.daemon.observer.loggedIn?.(account, facts),
    noticed: (account, notice) => logger.warn({ account }, notice),
    finished: (report) => {
      ferry.polled(report);
      const level = report.outcome === 'ok' ? 'info' : 'warn';
      logger[level](report, `poll finished: ${reportText(report)}`);
    },
  };
  using app = await App.open({ configuration, runtime: systemRuntime, observer, logger });
  const ferry = new DaemonProcess({
    configuration,
    load: () => loadFor(options),
    ledger: app.ledger,
    poll: (account, control) => app.pollOne(account, control),
    log,
    lines,
  });
  await ferry.run();
  return 0;
};
