import { spawn } from 'node:child_process';
import type { Environment } from '../config/places.ts';
import { messageOf, systemCode } from '../errors.ts';

/** A start that takes longer says nothing useful any more. */
const TIME_LIMIT_MS = 5000;

/**
 * Tells systemd how the service is (sd_notify(3)), or nobody where no service manager asks. Node cannot send to the
 * datagram socket itself, so the program `systemd-notify` does, also to an abstract one; that is why a unit needs
 * `NotifyAccess=all`. Messages go out one after the other. Nothing here ever fails the daemon.
 */
export class ServiceManager {
  readonly #env: Environment;
  readonly #watchdogMs: number | undefined;
  #last: Promise<void> = Promise.resolve();
  #failed = false;
  #living = false;
  readonly #onTrouble: (message: string) => void;

  constructor(env: Environment, pid: number, onTrouble: (message: string) => void) {
    this.#env = env;
    this.#onTrouble = onTrouble;
    const watchdog = Number(env['WATCHDOG_USEC']);
    const isOurs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
    this.#watchdogMs = watchdog > 0 && isOurs ? watchdog / 1000 : undefined;
  }

  /** How often systemd wants a sign of life, in milliseconds; undefined: never. It kills who is late. */
  get watchdogMs(): number | undefined {
    return this.#env['NOTIFY_SOCKET'] ? this.#watchdogMs : undefined;
  }

  /** Sends assignments such as `READY=1`; resolves when they are sent, or cannot be. */
  tell(...assignments: readonly string[]): Promise<void> {
    if (!this.#env['NOTIFY_SOCKET'] || this.#failed) return Promise.resolve();
    this.#last = this.#last.then(() => this.#send(assignments)).catch(this.#onFailure);
    return this.#last;
  }

  /**
   * Sends a sign of life, unless one is still on its way: where nobody takes them, each waits until its time is up, and
   * whatever is sent later would wait for all of them (I7).
   */
  live(): void {
    if (this.#living) return;
    this.#living = true;
    void this.tell('WATCHDOG=1').finally(() => {
      this.#living = false;
    });
  }

  readonly #onFailure = (thrown: unknown): void => {
    // A machine that has no process to spare just now will have one again: then the watchdog must be fed.
    this.#failed = ['ENOENT', 'EACCES'].includes(systemCode(thrown) ?? '');
    const why = messageOf(thrown);
    this.#onTrouble(`systemd cannot be told how the daemon is: ${why}.`);
  };

  /** Rejects when the program cannot be started. */
  #send(assignments: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      // Without --no-block it would wait until systemd has worked through all its messages.
      const child = spawn('systemd-notify', ['--no-block', ...assignments], {
        env: { PATH: this.#env['PATH'], NOTIFY_SOCKET: this.#env['NOTIFY_SOCKET'] },
        stdio: 'ignore',
        // The `timeout` of Node would keep the process alive for as long where the program does not even exist.
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
        killSignal: 'SIGKILL',
      });
      child.once('error', (error) => {
        if (error.name === 'AbortError') resolve();
        else reject(error);
      });
      child.once('close', () => resolve());
    });
  }
}

/** What systemd wants to hear when a reload begins: by a clock that does not jump, in microseconds. */
export function reloadingAssignments(): readonly string[] {
  return ['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`];
}
