import type { PollReport } from '../poll/report.ts';
import { printable } from '../wire/text.ts';

const LONGEST = 2000;

/** The keys of a poll's report, which its message tells already. */
const REPORT: Readonly<Record<keyof PollReport, true>> = {
  account: true,
  outcome: true,
  listed: true,
  fetched: true,
  bytes: true,
  deleted: true,
  kept: true,
  skipped: true,
  tooLarge: true,
  quarantined: true,
  durationMs: true,
  timings: true,
  error: true,
};

/** What is not shown a second time beside `lineForPeople`. */
export const TOLD_KEYS: readonly string[] = [...Object.keys(REPORT), 'hint'];

/** A line of the log as people read it: its account, what happened, and below that what to do. */
export function lineForPeople(line: Readonly<Record<string, unknown>>): string {
  const account = typeof line['account'] === 'string' ? `${line['account']}: ` : '';
  const text = printable(`${account}${String(line['msg'])}`, LONGEST);
  const hint = hintOf(line) ?? hintOf(line['error']);
  return hint === undefined ? text : `${text}\n  → ${printable(hint, LONGEST)}`;
}

function hintOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('hint' in value)) return undefined;
  return typeof value.hint === 'string' ? value.hint : undefined;
}
