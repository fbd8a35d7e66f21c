import { describe, expect, test } from 'vitest';
import { EXIT_STATUS_HELP, statusOf, worstStatus } from '../../src/cli/exit-status.ts';
import { statusOfReport } from '../../src/cli/words/poll-report.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { type PollReport, Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';

test.each<[ErrorCode, number]>([
  ['message-refused', 65],
  ['message-damaged', 65],
  ['maildrop-busy', 75],
  ['login-delay', 75],
  ['server-temporary', 75],
  ['already-running', 75],
  ['after-mail-failed', 75],
  ['preconnect-failed', 69],
  ['unreachable', 69],
  ['timeout', 69],
  ['connection-lost', 69],
  ['protocol', 76],
  ['tls', 76],
  ['login-refused', 77],
  ['destination-unusable', 73],
  ['destination-io', 74],
  ['disk-full', 74],
  ['ledger', 74],
  ['ledger-damaged', 74],
  ['secret-unavailable', 78],
  ['config', 78],
  ['usage', 64],
  ['internal', 70],
])('%s is status %i', (code, status) => {
  expect(statusOf(code)).toBe(status);
  expect(EXIT_STATUS_HELP).toContain(`\n  ${status}  `);
});

describe('worstStatus', () => {
  test.each([
    [[], 0],
    [[0, 0], 0],
    [[0, 65], 65],
    [[65, 75], 75],
    [[75, 69], 69],
    [[69, 76], 76],
    [[76, 77], 77],
    [[77, 73], 73],
    [[73, 74], 74],
    [[74, 78], 78],
    [[78, 64], 64],
    [[64, 70], 70],
    [[70, 0, 65, 69, 77], 70],
  ])('of %j is %i, in any order', (statuses, expected) => {
    expect(worstStatus(statuses)).toBe(expected);
    expect(worstStatus(statuses.toReversed())).toBe(expected);
  });
});

const report = (outcome: PollReport['outcome'], code?: ErrorCode): PollReport => ({
  ...new Tally().report('work', { durationMs: 0, timings: NO_TIMINGS }),
  outcome,
  error: code === undefined ? null : { code, message: '', hint: null },
});

describe('I9: the status of a report', () => {
  test.each<[PollReport, number]>([
    [report('ok'), 0],
    [report('partial'), 65],
    [report('partial', 'message-refused'), 65],
    [report('failed', 'login-refused'), 77],
    [report('failed', 'disk-full'), 74],
    [report('failed', 'unreachable'), 69],
  ])('%j is %i', (given, status) => {
    expect(statusOfReport(given)).toBe(status);
  });

  test('that failed is never 0', () => {
    expect(statusOfReport(report('failed'))).not.toBe(0);
  });
});
