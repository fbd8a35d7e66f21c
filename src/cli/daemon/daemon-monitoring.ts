import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../config/configuration.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { daemonMetrics, PollCounts } from '../../daemon/daemon-metrics.ts';
import { openListener } from '../../daemon/listener.ts';
import { asMailError } from '../../errors.ts';
import { Outbox, type UnsentNotice } from '../../notices/outbox.ts';
import { type Ping, sendPing } from '../../notices/ping.ts';
import type { Logger } from '../../observe/logger.ts';
import { renderMetrics } from '../../observe/metrics.ts';
import type { PollReport } from '../../poll/report.ts';
import { systemRuntime } from '../../runtime.ts';
import { version } from '../version.ts';

/** The daemon looks at what is due every few seconds; when it has not for so long, something is very wrong. */
const STUCK_MS = 60_000;

const LOOP_RESOLUTION_MS = 10;

/** What the daemon tells the world on its own: notices, signs of life, health, metrics. Nothing of it stops mail. */
export class DaemonMonitoring implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #outbox: Outbox;
  readonly #counts = new PollCounts();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #configuration: Configuration;
  #listener: AsyncDisposable | undefined;
  #pinging: NodeJS.Timeout | undefined;
  /** Why the last sign of life could not be sent; undefined when it was. */
  #pingTrouble: string | undefined;

  constructor(configuration: Configuration, logger: Logger) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#outbox = new Outbox(configuration.daemon.notify.targets, {
      context: { hostName: systemRuntime.hostName, env: process.env },
      onTrouble: (message, { account, kind }) => logger.warn({ account, kind }, message),
      pause: (milliseconds, signal) =>
        sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined),
    });
  }

  /** Begins to listen and to ping. */
  async start(daemon: Daemon): Promise<void> {
    this.#loopDelay.enable();
    const { listen } = this.#configuration.daemon;
    if (listen !== undefined) {
      try {
        const listener = await openListener(listen, this.#parts(daemon));
        this.#listener = listener;
        const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
        this.#logger.info(`health and metrics are at http://${host}:${listener.port}`);
      } catch (thrown) {
        const { message, hint } = asMailError(thrown);
        this.#logger.error({ hint }, message);
      }
    }
    void this.#ping({ kind: 'start' });
    this.#armPing(daemon);
  }

  notify(unsent: UnsentNotice): void {
    const { account, title, text, kind, bad } = unsent.notice;
    this.#logger[bad ? 'warn' : 'info']({ account, kind, text }, `notice: ${title}`);
    this.#outbox.add(unsent);
  }

  polled(report: PollReport): void {
    this.#counts.add(report);
  }

  /** Takes over another configuration; where it listens stays. */
  apply(configuration: Configuration, daemon: Daemon): void {
    this.#configuration = configuration;
    this.#outbox.targets = configuration.daemon.notify.targets;
    this.#armPing(daemon);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pinging);
    this.#loopDelay.disable();
    await this.#listener?.[Symbol.asyncDispose]();
    await this.#outbox.close();
  }

  #armPing(daemon: Daemon): void {
    clearInterval(this.#pinging);
    const { ping } = this.#configuration.daemon.notify;
    if (ping === undefined) return;
    const tell = (): void => {
      const { accounts, failing } = daemon.counts();
      const text = `${accounts} accounts, ${failing} failing`;
      void this.#ping({ kind: failing > 0 ? 'fail' : 'ok', text });
    };
    this.#pinging = setInterval(tell, ping.everyMs).unref();
  }

  async #ping(ping: Ping): Promise<void> {
    const target = this.#configuration.daemon.notify.ping;
    if (target === undefined) return;
    const trouble = await sendPing(target, ping).then(
      () => undefined,
      (thrown: unknown) => asMailError(thrown).message,
    );
    // One line for each change: an hour without the network must not be a hundred lines.
    if (trouble === this.#pingTrouble) return;
    this.#pingTrouble = trouble;
    if (trouble === undefined) this.#logger.info('The sign of life is sent again.');
    else this.#logger.warn(`The sign of life cannot be sent: ${trouble} It is tried again.`);
  }

  #parts(daemon: Daemon): Parameters<typeof openListener>[1] {
    return {
      health: () => {
        const alive = daemon.sinceTickMs < STUCK_MS && !daemon.stopping;
        const status = alive ? 'ok' : daemon.stopping ? 'stopping' : 'stuck';
        return { alive, body: { status, version: version(), ...daemon.counts() } };
      },
      accounts: () => {
        const counts = daemon.counts();
        const failing = daemon.failing();
        return { well: failing.length === 0, body: { ...counts, failing } };
      },
      metrics: () => {
        const loopDelaySeconds = this.#loopDelay.percentile(99) / 1e9 - LOOP_RESOLUTION_MS / 1000;
        this.#loopDelay.reset();
        return renderMetrics(
          daemonMetrics(daemon, this.#counts, {
            version: version(),
            startedAt: systemRuntime.startedAt,
            residentOctets: process.memoryUsage.rss(),
            loopDelaySeconds: Math.max(0, loopDelaySeconds),
          }),
        );
      },
    };
  }
}
