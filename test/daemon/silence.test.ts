import { describe, expect, test } from 'vitest';
import { configured, Harness, settings } from './harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const DAILY = { schedule: '0 8 * * *', timezone: 'Europe/Berlin' };

const titles = ({ notices }: Harness): string[] => notices.map(({ title }) => title);

describe('silence counts from when a poll was due', () => {
  test.each([
    ['one poll a week', { schedule: '0 9 * * 1', timezone: 'UTC' }, '2026-01-01T00:00:00Z', 22],
    ['one a day, over the end of summer time', DAILY, '2026-10-22T00:00:00Z', 6],
  ])('so that an account with %s that works is never called silent', async (_, schedule, start, days) => {
    const account = configured('a', schedule);
    await using ferry = await Harness.of([account]);
    ferry.runtime.time = Date.parse(start);
    await ferry.restart([account]);
    await ferry.pass(days * DAY);
    expect(ferry.polls.length).toBeGreaterThan(2);
    expect(titles(ferry)).toEqual([]);
  });

  test('so that a daily poll that takes longer than the one before is waited for, but not for ever', async () => {
    await using ferry = await Harness.of([configured('a', DAILY)]);
    await ferry.pass(25 * HOUR);
    ferry.fate = () => 'unreachable';
    await ferry.pass(DAY);
    ferry.fate = () => 'hangs';
    await ferry.pass(3 * HOUR + 30 * MINUTE);
    expect(titles(ferry)).toEqual([]);
    ferry.fate = () => undefined;
    await ferry.release('a');
    expect(titles(ferry)).toEqual([]);
    ferry.fate = () => 'hangs';
    await ferry.pass(2 * DAY + 2 * HOUR);
    expect(titles(ferry)).toEqual(['a: no poll went well for 1d']);
  });

  test('and is told a day after the weekly poll has failed, not a week after', async () => {
    const account = configured('a', { schedule: '0 9 * * 1', timezone: 'UTC' });
    await using ferry = await Harness.of([account]);
    await ferry.pass(4 * DAY);
    ferry.fate = () => 'unreachable';
    await ferry.pass(9 * DAY);
    expect(ferry.polls).toHaveLength(2);
    expect(titles(ferry)).toEqual(['a: no poll went well for 8d']);
  });

  test('and anew once an account is resumed', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(10 * MINUTE);
    await ferry.daemon.pause([]);
    await ferry.pass(3 * DAY);
    ferry.fate = () => 'unreachable';
    await ferry.daemon.resume([]);
    await ferry.pass(10_000);
    ferry.fate = () => undefined;
    await ferry.pass(10 * MINUTE);
    expect(titles(ferry)).toEqual([]);
  });

  test('whatever reloads come in between', async () => {
    const account = configured('a');
    await using ferry = await Harness.of([account]);
    await ferry.pass(MINUTE);
    ferry.fate = () => 'hangs';
    for (let hour = 0; hour < 26; hour += 1) {
      await ferry.pass(HOUR);
      ferry.daemon.reload(settings([account]));
    }
    expect(titles(ferry)).toEqual(['a: no poll went well for 1d']);
  });
});

describe('silence is told though the clock was set back', () => {
  test('by a year while polls hang', async () => {
    await using ferry = await Harness.of([configured('a')]);
    await ferry.pass(10 * MINUTE);
    ferry.runtime.time -= YEAR;
    await ferry.pass(10 * MINUTE);
    ferry.fate = () => 'hangs';
    await ferry.pass(3 * DAY);
    expect(titles(ferry)).toEqual(['a: no poll went well for 1d']);
  });

  test('by a year before a start, after which no poll goes well', async () => {
    const account = configured('a', { schedule: '0 9 * * *', timezone: 'UTC' });
    await using ferry = await Harness.of([account]);
    await ferry.pass(50 * HOUR);
    ferry.runtime.time -= YEAR;
    await ferry.restart([account]);
    ferry.fate = () => 'unreachable';
    await ferry.pass(49 * HOUR);
    expect(titles(ferry)).toEqual(['a: no poll went well for 1d']);
  });
});
