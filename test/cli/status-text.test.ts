import { expect, test } from 'vitest';
import { processTerminal } from '../../src/cli/terminal.ts';
import { showReport } from '../../src/cli/words/poll-report.ts';
import { statusLines } from '../../src/cli/words/status-text.ts';
import { columnsOf, nameText, wrappedText } from '../../src/cli/words/wording.ts';
import { NEW_STANDING } from '../../src/daemon/standing.ts';
import { type AccountStatus, accountStatus, isSilent, quarantineHint } from '../../src/daemon/status.ts';
import { MailError } from '../../src/errors.ts';
import { Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';
import { parseSchedule } from '../../src/schedule/cron.ts';

const DAY = 86_400_000;

const SAID =
  'ユーザー名またはパスワードが正しくありません。もう一度お試しください。設定画面でPOPを有効にしてください。';

const NO_LIVE_FACTS = {
  running: undefined,
  nextPollAt: undefined,
  certificateExpiresAt: undefined,
  report: undefined,
  lastPollAt: undefined,
};

function statusOf(name: string, tally: Tally, failures: number, silent = false): AccountStatus {
  return accountStatus({
    account: { name, host: 'pop.example.org', user: name },
    summary: {
      standing: undefined,
      lastPollAt: 1,
      lastSuccessAt: undefined,
      lastReport: JSON.stringify(tally.report(name, { durationMs: 1, timings: NO_TIMINGS })),
      delivered: { messages: 12_345, octets: 123_456_789 },
      today: { messages: 12_345, octets: 123_456_789 },
      deleted: 0,
    },
    standing: { ...NEW_STANDING, failures },
    live: undefined,
    silent,
  });
}

test('I9: status says how many messages a limit keeps on the server for good', () => {
  const tally = new Tally();
  tally.tooLarge = 3;
  const lines = statusLines(
    { daemon: null, accounts: [statusOf('work', tally, 0)] },
    { now: 100_000_000, style: (_, text) => text },
  );
  expect(lines.at(-1)).toBe('    3 messages too large for limits.messageSize, left on the server');
});

test('I9: status does not say that nothing is wrong while the command after mail fails', () => {
  const error = {
    code: 'after-mail-failed',
    message: 'It ended with status 1.',
    hint: 'Look at it.',
  } as const;
  const fine = statusOf('work', new Tally(), 0);
  const afterMail = { waiting: 2, failures: 3, error };
  const lines = statusLines(
    { daemon: null, accounts: [{ ...fine, afterMail, action: error.hint }] },
    { now: 100_000_000, style: (_, text) => text },
  );
  expect(lines[0]).toContain('1 of 1 account needs a look');
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^! work +ok /),
    '    It ended with status 1. (3 times)',
    '  → Look at it.',
  ]);
});

test('I9: status says of a poll that somebody has stopped that it is not done, and what is still to come', () => {
  const tally = new Tally();
  tally.listed = 100_000;
  tally.kept = 4470;
  tally.failure = new MailError('aborted', 'Stopped on request before all was done.');
  const [, , , line, left, why] = statusLines(
    { daemon: null, accounts: [statusOf('work', tally, 0)] },
    { now: 100_000_000, style: (_, text) => text },
  );
  expect([line?.slice(0, 18), left, why]).toEqual([
    '! work     partial',
    '    95,530 messages still to come',
    '    Stopped on request before all was done.',
  ]);
});

test('I9: status says which account has quarantined messages, and how to see them', () => {
  const tally = new Tally();
  tally.quarantined = 1;
  const status = statusOf('work', tally, 0);
  const lines = statusLines(
    { daemon: null, accounts: [status] },
    { now: 100_000_000, style: (_, text) => text },
  );
  expect(status).toMatchObject({ state: 'partial', action: quarantineHint('work') });
  expect(lines.at(4)).toBe('    1 message quarantined: it failed too often, and is left on the server');
  expect(lines.slice(5).join(' ')).toContain('mailferry history --all work');
});

test('I9: a poll that has quarantined messages says so, and how to see them', () => {
  const said: string[] = [];
  const terminal = {
    ...processTerminal(),
    err: (text: string) => void said.push(text),
    out: () => undefined,
    style: (_: unknown, text: string) => text,
  };
  const tally = new Tally();
  tally.quarantined = 2;
  showReport(tally.report('work', { durationMs: 1, timings: NO_TIMINGS }), {}, terminal);
  expect(said).toEqual([
    'work: 2 messages quarantined: they failed too often, and are left on the server.',
    `  → ${quarantineHint('work')}`,
  ]);
});

test('status fits 80 columns and tells accounts apart, with the longest names and words of a provider without spaces', () => {
  const accounts = ['example.org', 'example.net'].map((domain) => {
    const name = `somebody.with.a.very.long.name.indeed.and.some.more@${domain}`;
    const tally = new Tally();
    tally.failure = new MailError('login-refused', `The server refused the login, saying "${SAID}".`, {
      hint: `Check "user" and "password"; ${SAID}`,
    });
    return statusOf(name, tally, 1234);
  });
  const lines = statusLines({ daemon: null, accounts }, { now: 100_000_000, style: (_, text) => text });
  expect(lines.filter((line) => columnsOf(line) > 80)).toEqual([]);
  expect(lines.join('\n')).toContain('xample.org');
  expect(lines.join('')).toContain('ください');
  expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(2);
  expect(new Set(lines.filter((line) => line.startsWith('✗'))).size).toBe(2);
});

test.each([
  ['short', 10, 'short     '],
  ['first.last@gmail.com', 11, 'first…l.com'],
])('nameText(%j, %i) is %j', (name, columns, expected) => {
  expect(nameText(name, columns)).toBe(expected);
});

test.each([
  ['a bc def', 4, ['a bc', 'def']],
  ['abcdefgh', 3, ['abc', 'def', 'gh']],
  ['日本語', 4, ['日本', '語']],
  ['', 4, ['']],
])('wrappedText(%j, %i) is %j', (text, columns, expected) => {
  expect(wrappedText(text, columns)).toEqual(expected);
});

test('after a refused login says how to try the mended password without waiting', () => {
  const facts = { account: { name: 'work', host: 'pop.example.org', user: 'me' }, summary: undefined };
  const live = { ...NO_LIVE_FACTS, nextPollAt: 1 };
  expect(
    accountStatus({ ...facts, standing: { ...NEW_STANDING, failures: 1, refusals: 1 }, live }).action,
  ).toBe('Then: mailferry poll work');
  expect(accountStatus({ ...facts, standing: { ...NEW_STANDING, failures: 1 }, live }).action).toBeNull();
});

test('I9: status does not say that nothing is wrong where nobody polls an account any more', () => {
  const status = statusOf('work', new Tally(), 0, true);
  expect(status.state).toBe('silent');
  const lines = statusLines(
    { daemon: null, accounts: [status] },
    { now: 40 * DAY, style: (_, text) => text },
  );
  expect(lines[0]).toContain('1 of 1 account needs a look');
  expect(lines[3]).toMatch(/^✗ work +silent +40 days ago/);
  const told = lines.slice(4).map((line) => line.trim());
  expect(told.join(' ')).toContain('Nobody polls it any more: start the daemon (mailferry run)');
  expect(told.join(' ')).toContain('If it is to be polled less often, say so by "schedule".');
});

test.each([
  [3, ['    The last poll that went well was 3 days ago.']],
  [-3, []],
])('status says of what fails since when it does, %i days after the last success: %j', (days, expected) => {
  const tally = new Tally();
  tally.failure = new MailError('unreachable', 'Cannot reach it.');
  const now = 100 * DAY;
  const failing = { ...statusOf('work', tally, 9), lastSuccessAt: new Date(now - days * DAY).toISOString() };
  const lines = statusLines({ daemon: null, accounts: [failing] }, { now, style: (_, text) => text });
  expect(lines.slice(4)).toEqual(['    Cannot reach it. (9 times)', ...expected]);
});

const AT = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
test.each([
  ['every 5m', 24, false],
  ['every 5m', 25, true],
  ['0 6 * * 1', 24 * 5, false],
  ['0 6 * * 1', 24 * 6, true],
  ['every 5m', -24 * 365, false],
])('a poll on schedule "%s", %i hours after the last, is overdue: %s', (text, hours, expected) => {
  const schedule = parseSchedule(text, text.startsWith('every') ? undefined : 'UTC');
  const now = AT + hours * HOUR;
  expect(isSilent({ schedule, lastPollAt: AT, now, silentMs: 24 * HOUR })).toBe(expected);
});

test('an account that was never polled is not said to be polled no more', () => {
  const schedule = parseSchedule('every 5m');
  expect(isSilent({ schedule, lastPollAt: undefined, now: AT, silentMs: 0 })).toBe(false);
});
