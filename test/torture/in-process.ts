import { App } from '../../src/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { PollObserver } from '../../src/poll/observer.ts';
import type { PollReport } from '../../src/poll/report.ts';
import { type Runtime, systemRuntime } from '../../src/runtime.ts';

const HOUR_MS = 3_600_000;

/**
 * What `mailferry fetch` does, without starting a process: for scenarios of thousands of polls. The clock can be set
 * some hours ahead or back. The report of the first account.
 */
export async function pollInProcess(
  folder: string,
  hours = 0,
  observer: PollObserver = {},
): Promise<PollReport> {
  const [report] = await pollAllInProcess(folder, hours, observer);
  if (report === undefined) throw new Error('The configuration has no account.');
  return report;
}

/** As `pollInProcess`, with the reports of all accounts. */
export async function pollAllInProcess(
  folder: string,
  hours = 0,
  observer: PollObserver = {},
): Promise<readonly PollReport[]> {
  const configuration = await loadConfiguration({
    path: 'mailferry.yaml',
    env: {},
    cwd: folder,
    home: folder,
    uid: process.getuid?.(),
  });
  const now = (): number => systemRuntime.now() + hours * HOUR_MS;
  const runtime: Runtime = { ...systemRuntime, now, startedAt: systemRuntime.now() };
  using app = await App.open({ configuration, runtime, observer });
  const never = new AbortController().signal;
  return await app.poll(configuration.accounts, { stop: never, abort: never });
}
