import { quarantineHint } from '../../daemon/status.ts';
import type { PollReport } from '../../poll/report.ts';
import { statusOf } from '../exit-status.ts';
import { showError, type Terminal } from '../terminal.ts';
import { quarantinedText, reportLine } from './wording.ts';

/** Some messages could not be carried; the rest are safe. */
const PARTLY = 65;

/** The exit status that one account's report stands for. */
export function statusOfReport({ outcome, error }: Pick<PollReport, 'outcome' | 'error'>): number {
  if (outcome === 'ok') return 0;
  if (error?.code === 'login-delay') return statusOf(error.code);
  return outcome === 'partial' || error === null ? PARTLY : statusOf(error.code);
}

/** Shows what a poll did, and what is wrong. */
export function showReport(
  report: PollReport,
  { json, quiet }: { readonly json?: boolean | undefined; readonly quiet?: boolean | undefined },
  terminal: Terminal,
): void {
  if (json === true) return terminal.out(JSON.stringify(report));
  const { outcome, error, account } = report;
  if (outcome === 'ok' ? quiet !== true : report.fetched + report.deleted > 0)
    terminal.out(reportLine(report));
  if (error !== null)
    showError(terminal, error, outcome === 'failed' ? `${account}: failed:` : `${account}:`);
  else if (outcome === 'partial') {
    const message = `${quarantinedText(report.quarantined)}.`;
    showError(terminal, { message, hint: quarantineHint(account) }, `${account}:`);
  }
}
