import { describe, expect, test } from 'vitest';
import { Agenda } from '../../src/schedule/agenda.ts';
import { pauseAfter } from '../../src/schedule/back-off.ts';
import { parseSchedule } from '../../src/schedule/cron.ts';
import { firstDue, lookFrom, nextDue } from '../../src/schedule/due.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

const MINUTE = 60_000;

describe('the agenda', () => {
  test('gives what is due, the longest overdue first, and each once', () => {
    const clock = new FakeRuntime();
    const agenda = new Agenda(clock);
    agenda.set('late', clock.now() + 5000);
    agenda.set('early', clock.now() + 1000);
    agenda.set('far', clock.now() + 9000);
    expect([agenda.takeDue(), agenda.earliest()]).toEqual([[], 1000]);
    clock.advance(6000);
    expect(agenda.takeDue()).toEqual(['early', 'late']);
    expect([agenda.takeDue(), agenda.earliest()]).toEqual([[], 3000]);
  });

  test('goes by the clock that does not jump', () => {
    const clock = new FakeRuntime();
    const agenda = new Agenda(clock);
    agenda.set('a', clock.now() + 1000);
    clock.time -= 7_200_000;
    clock.advance(1000);
    expect(agenda.takeDue()).toEqual(['a']);
  });

  test('tells a jump once, and does not mistake a correction for one', () => {
    const clock = new FakeRuntime();
    const agenda = new Agenda(clock);
    clock.time += 1500;
    expect(agenda.jumped()).toBe(0);
    clock.time -= 10_000;
    expect([agenda.jumped(), agenda.jumped()]).toEqual([-8500, 0]);
  });

  test('tells when something is due by the wall clock as it is now', () => {
    const clock = new FakeRuntime();
    const agenda = new Agenda(clock);
    agenda.set('a', clock.now() + 5000);
    expect(agenda.dueAt('a')).toBe(clock.now() + 5000);
    agenda.delete('a');
    expect([agenda.dueAt('a'), agenda.earliest()]).toEqual([undefined, undefined]);
  });
});

describe('the next poll', () => {
  const every5m = { account: 'work', schedule: parseSchedule('every 5m'), jitterMs: 10_000 };
  const hourly = { account: 'work', schedule: parseSchedule('0 * * * *', 'UTC'), jitterMs: 0 };
  const noon = Date.UTC(2026, 0, 2, 12);

  test('is moved by a part of the jitter that is always the same for an account, and not for others', () => {
    const one = nextDue(every5m, noon);
    expect(one).toBe(nextDue(every5m, noon));
    expect(one - noon).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(one - noon).toBeLessThan(5 * MINUTE + 10_000);
    expect(nextDue({ ...every5m, account: 'home' }, noon)).not.toBe(one);
  });

  test('is never moved by more than a tenth of the time between two polls', () => {
    const question = { ...every5m, schedule: parseSchedule('every 1s'), jitterMs: 3_600_000 };
    expect(nextDue(question, noon) - noon).toBeLessThanOrEqual(1100);
  });

  test('of an interval keeps its pace, however long a poll lasts, and leaves out what came by meanwhile', () => {
    const { schedule } = every5m;
    expect(lookFrom(schedule, { due: noon, now: noon + MINUTE })).toBe(noon);
    expect(lookFrom(schedule, { due: noon, now: noon + 7 * MINUTE })).toBe(noon + 7 * MINUTE);
  });

  test('of a cron moment is not the same moment again when the clock is a little behind it', () => {
    const from = lookFrom(hourly.schedule, { due: noon, now: noon - 300 });
    expect(nextDue(hourly, from)).toBe(noon + 60 * MINUTE);
  });

  test.each([
    ['was never polled, by interval: at once', every5m, undefined, 0],
    ['was never polled, by cron: when it says', hourly, undefined, 30 * MINUTE],
    ['missed a moment while nothing ran: at once', hourly, -40 * MINUTE, 0],
    ['missed many: at once, and once', hourly, -400 * MINUTE, 0],
    ['was polled a moment ago: when it is due', hourly, -10 * MINUTE, 30 * MINUTE],
    ['was polled in the future, since the clock was set back', hourly, 400 * MINUTE, 30 * MINUTE],
  ] as const)('after a start, of one that %s', (_, question, last, wait) => {
    const now = noon + 30 * MINUTE;
    const lastPoll = last === undefined ? undefined : now + last;
    expect(firstDue(question, { lastPoll, now }) - now).toBe(wait);
  });
});

describe('the pause after a failure', () => {
  test('doubles up to half an hour, and longer at once for a refused login', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) =>
      pauseAfter({ failures, refused: false }, 0.5),
    );
    expect(pauses.map((pause) => pause / MINUTE)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    expect(pauseAfter({ failures: 1, refused: true }, 0.5)).toBe(5 * MINUTE);
  });

  test('is spread by a quarter', () => {
    expect([0, 1].map((chance) => pauseAfter({ failures: 1, refused: false }, chance))).toEqual([
      45_000, 75_000,
    ]);
  });
});
