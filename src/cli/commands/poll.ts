import { CONFIRM_DELETE, ROUTES } from '../../daemon/control-protocol.ts';
import type { PollReport } from '../../poll/report.ts';
import type { CommandRun } from '../command.ts';
import { askRunning } from '../daemon/ask.ts';
import { worstStatus } from '../exit-status.ts';
import { endWithReader } from '../outputs.ts';
import { processTerminal } from '../terminal.ts';
import { showReport, statusOfReport } from '../words/poll-report.ts';

interface PollOptions {
  readonly json?: boolean;
  readonly wait: boolean;
  readonly confirmDelete?: boolean;
}

/** `mailferry poll`: lets the daemon poll now. */
export const poll: CommandRun<PollOptions> = async (options, accounts) => {
  endWithReader();
  const terminal = processTerminal();
  const path = options.confirmDelete === true ? `${ROUTES.poll}?${CONFIRM_DELETE}` : ROUTES.poll;
  const left = new AbortController();
  const reports = await askRunning(options, { method: 'POST', path, accounts, signal: left.signal });
  if (!options.wait) {
    left.abort();
    return 0;
  }
  const statuses: number[] = [];
  for await (const value of reports) {
    const report = value as PollReport;
    statuses.push(statusOfReport(report));
    showReport(report, { json: options.json }, terminal);
  }
  return worstStatus(statuses);
};
