import { describe, expect, test } from 'vitest';
import { columnText, durationText, reportLine } from '../../src/cli/words/wording.ts';
import { Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';
import { countText } from '../../src/wire/text.ts';

test.each([
  [0, '0.0 s'],
  [449, '0.4 s'],
  [59_900, '59.9 s'],
  [59_960, '1:00'],
  [60_000, '1:00'],
  [65_400, '1:05'],
  [3_599_600, '1:00:00'],
  [7_265_000, '2:01:05'],
  [30 * 86_400_000, '720:00:00'],
])('durationText(%i) is %j', (milliseconds, expected) => {
  expect(durationText(milliseconds)).toBe(expected);
});

test.each([
  [0, '0 messages'],
  [1, '1 message'],
  [2, '2 messages'],
  [1_234_567, '1,234,567 messages'],
])('countText(%i) is %j', (count, expected) => {
  expect(countText(count, 'message')).toBe(expected);
});

const REPORT = new Tally().report('work', { durationMs: 400, timings: NO_TIMINGS });

describe('reportLine', () => {
  test('says only what happened', () => {
    expect(reportLine(REPORT)).toBe('work: nothing new, in 0.4 s');
  });

  test('says all that happened', () => {
    const report = {
      ...REPORT,
      fetched: 1200,
      bytes: 3_400_000,
      deleted: 1100,
      kept: 100,
      skipped: 5,
      tooLarge: 3,
      quarantined: 1,
    };
    expect(reportLine(report)).toBe(
      'work: 1,200 new messages (3.4 MB), 1,100 deleted on the server, 100 kept on the server, 2 left there for now, 3 too large for limits.messageSize, 1 quarantined, in 0.4 s',
    );
  });

  test('says how many are still to come where a poll has failed', () => {
    const report = {
      ...REPORT,
      outcome: 'failed' as const,
      listed: 2000,
      fetched: 1200,
      kept: 1300,
      skipped: 1,
    };
    expect(reportLine(report)).toBe(
      'work: 1,200 new messages (0 B), 1,300 kept on the server, 700 still to come, in 0.4 s',
    );
  });

  test('says one message as one', () => {
    expect(reportLine({ ...REPORT, fetched: 1, bytes: 1 })).toBe('work: 1 new message (1 B), in 0.4 s');
  });
});

test.each([
  ['plain', 8, 'plain   '],
  ['too long for it', 8, 'too long'],
  ['山田太郎', 8, '山田太郎'],
  ['山田太郎', 7, '山田太 '],
  ['e\u0301te\u0301', 4, 'e\u0301te\u0301 '],
])('columnText(%j, %i) is %j', (text, columns, expected) => {
  expect(columnText(text, columns)).toBe(expected);
});
