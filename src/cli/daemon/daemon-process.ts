import { once } from 'node:events';
import type { Configuration } from '../../config/configuration.ts';
import { controlAnswers, type ReloadAnswer } from '../../daemon/answers.ts';
import { openControlSocket } from '../../daemon/control-server.ts';
import { Daemon, type DaemonSettings } from '../../daemon/daemon.ts';
import type { DaemonDeps } from '../../daemon/deps.ts';
import { reloadingAssignments, ServiceManager } from '../../daemon/systemd.ts';
import { asMailError, MailError } from '../../errors.ts';
import type { Log } from '../../observe/logger.ts';
import type { RecentLines } from '../../observe/recent-lines.ts';
import type { PollReport } from '../../poll/report.ts';
import { systemRuntime } from '../../runtime.ts';
import { version } from '../version.ts';
import { DaemonMonitoring } from './daemon-monitoring.ts';

/** How often systemd is told in words how it goes, when that has changed. */
const STATUS_EVERY_MS = 10_000;

/** A timer must let the event loop breathe, also when everything is overdue. */
const SHORTEST_SLEEP_MS = 5;

export interface DaemonProcessOptions {
  readonly configuration: Configuration;
  /** Reads the configuration anew. */
  readonly load: () => Promise<Configuration>;
  readonly ledger: DaemonDeps['ledger'];
  readonly poll: DaemonDeps['poll'];
  readonly log: Log;
  readonly lines: RecentLines;
}

/** The daemon as a process: its timer, its signals, its socket, and the service manager that started it. */
export class DaemonProcess {
  readonly daemon: Daemon;
  readonly #options: DaemonProcessOptions;
  readonly #manager: ServiceManager;
  readonly #monitoring: DaemonMonitoring;
  #configuration: Configuration;
  #timer: NodeJS.Timeout | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  #toldStatus = '';
  #running = false;

  constructor(options: DaemonProcessOptions) {
    const { configuration, ledger, poll, log } = options;
    this.#options = options;
    this.#configuration = configuration;
    this.#monitoring = new DaemonMonitoring(configuration, log.logger);
    this.daemon = new Daemon(settingsOf(configuration), {
      runtime: systemRuntime,
      ledger,
      poll,
      notify: (unsent) => this.#monitoring.notify(unsent),
      log: (level, message, account) => log.logger[level](account === undefined ? {} : { account }, message),
      changed: () => this.#running && this.#arm(),
    });
    this.#manager = new ServiceManager(process.env, process.pid, (message) => log.logger.warn(message));
  }

  /** Runs until a signal ends it, and all polls have ended. */
  async run(): Promise<void> {
    const { logger } = this.#options.log;
    using signals = this.#listenToSignals();
    await using _noted = { [Symbol.asyncDispose]: () => this.daemon.noted() };
    await using monitoring = this.#monitoring;
    await using _socket = await this.#openSocket();
    await monitoring.start(this.daemon);
    const timers = this.#keepManagerInformed();
    this.#running = true;
    this.#arm();
    await this.#tellStatus('READY=1');
    logger.info({ pid: process.pid, version: version() }, `the daemon runs: ${this.#summary()}`);
    await signals.ended;
    this.#running = false;
    clearTimeout(this.#timer);
    logger.info(`the daemon ends: ${this.daemon.polling} polls run`);
    void this.#manager.tell('STOPPING=1', 'STATUS=Polls that run come to an end');
    await this.daemon.drain(this.#configuration.daemon.shutdownGraceMs);
    for (const timer of timers) clearInterval(timer);
    logger.info('the daemon has ended');
  }

  /** Counts a poll that has ended. */
  polled(report: PollReport): void {
    this.#monitoring.polled(report);
  }

  /** Checks the configuration and takes it over, one reload after the other. Raises what is wrong with it. */
  reload(): Promise<ReloadAnswer> {
    const result = this.#reloading.then(() => this.#reload());
    this.#reloading = result.catch(() => undefined);
    return result;
  }

  async #reload(): Promise<ReloadAnswer> {
    const { log, load } = this.#options;
    // Goes out before READY=1; whoever asked does not wait for the service manager.
    void this.#manager.tell(...reloadingAssignments());
    try {
      this.#reopenLog();
      const configuration = await load();
      if (configuration.stateDir !== this.#configuration.stateDir) {
        throw new MailError('config', 'A running daemon cannot go over to another "stateDir".', {
          hint: 'Restart it, or set "stateDir" back.',
        });
      }
      const needRestart = changedForGood(this.#options.configuration, configuration);
      const reloaded = this.daemon.reload(settingsOf(configuration));
      this.#monitoring.apply(configuration, this.daemon);
      this.#configuration = configuration;
      log.logger.info({ ...reloaded, needRestart }, 'the configuration was read anew and is in force');
      return { ...reloaded, needRestart };
    } catch (thrown) {
      const error = asMailError(thrown);
      log.logger.error({ hint: error.hint }, `the old configuration stays in force: ${error.message}`);
      throw error;
    } finally {
      void this.#tellStatus('READY=1');
    }
  }

  #reopenLog(): void {
    const { log } = this.#options;
    try {
      log.reopen();
    } catch (thrown) {
      const { message, hint } = asMailError(thrown);
      log.logger.error({ hint }, `${message} The log goes on where it went before.`);
    }
  }

  /** Sleeps until something is due. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.daemon.tick();
        this.#arm();
      },
      Math.max(SHORTEST_SLEEP_MS, this.daemon.sleepMs),
    );
  }

  async #openSocket(): Promise<AsyncDisposable> {
    const { log, lines } = this.#options;
    const { controlSocket } = this.#configuration.daemon;
    const answers = controlAnswers({
      daemon: this.daemon,
      runtime: systemRuntime,
      version: version(),
      configuration: this.#configuration.path,
      lines,
      reload: () => this.reload(),
    });
    try {
      return await openControlSocket(controlSocket, answers);
    } catch (thrown) {
      // Mail comes first: without the socket only the commands that ask the daemon are missing.
      const { message, hint } = asMailError(thrown);
      log.logger.warn({ hint }, message);
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    }
  }

  #listenToSignals(): Disposable & { readonly ended: Promise<unknown> } {
    const ending = new AbortController();
    const ended = once(ending.signal, 'abort');
    const onEnd = (): void => {
      if (this.daemon.stopping) this.daemon.abort();
      ending.abort();
    };
    const onHangUp = (): void => void this.reload().catch(() => undefined);
    const onPoll = (): void => void this.daemon.pollNow([]);
    process.on('SIGTERM', onEnd).on('SIGINT', onEnd).on('SIGHUP', onHangUp).on('SIGUSR1', onPoll);
    const dispose = (): void => {
      process.off('SIGTERM', onEnd).off('SIGINT', onEnd).off('SIGHUP', onHangUp).off('SIGUSR1', onPoll);
    };
    return { ended, [Symbol.dispose]: dispose };
  }

  /** A sign of life is sent only while the daemon really looks at what is due, or ends. */
  #keepManagerInformed(): readonly NodeJS.Timeout[] {
    const { watchdogMs } = this.#manager;
    const timers = [setInterval(() => void this.#tellStatus(), STATUS_EVERY_MS).unref()];
    if (watchdogMs === undefined) return timers;
    const live = (): void => {
      if (this.daemon.stopping || this.daemon.sinceTickMs < watchdogMs) this.#manager.live();
    };
    return [...timers, setInterval(live, watchdogMs / 2)];
  }

  async #tellStatus(...more: readonly string[]): Promise<void> {
    const status = this.#summary();
    if (status === this.#toldStatus && more.length === 0) return;
    this.#toldStatus = status;
    await this.#manager.tell(...more, `STATUS=${status}`);
  }

  #summary(): string {
    const { accounts, failing, stopped, paused } = this.daemon.counts();
    const parts = [
      `${accounts} account${accounts === 1 ? '' : 's'}`,
      failing > 0 ? `${failing} failing` : '',
      stopped > 0 ? `${stopped} not tried any more` : '',
      paused > 0 ? `${paused} paused` : '',
    ];
    return parts.filter((part) => part !== '').join(', ');
  }
}

function settingsOf({ accounts, concurrency, daemon }: Configuration): DaemonSettings {
  return {
    accounts,
    concurrency,
    notices: daemon.notify.policy,
  };
}

/** The keys whose change only a restart brings. */
function changedForGood(before: Configuration, after: Configuration): readonly string[] {
  const now = valuesOf(after);
  return Object.entries(valuesOf(before))
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]))
    .map(([key]) => key);
}

function valuesOf({ daemon: { controlSocket, log, listen } }: Configuration): Record<string, unknown> {
  return { controlSocket, log, 'monitoring.listen': listen };
}
