import * as fc from 'fast-check';
import { getTasks } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { MailError } from '../../src/errors.ts';
import { parseSchedule } from '../../src/schedule/cron.ts';
import { propertyRuns } from '../support/property-runs.ts';

function refusal(text: string, timezone?: string): MailError {
  try {
    parseSchedule(text, timezone);
  } catch (thrown) {
    if (thrown instanceof MailError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} was accepted`);
}

function times(text: string, timezone: string, after: string, count: number): readonly string[] {
  const schedule = parseSchedule(text, timezone);
  const found: string[] = [];
  let time = new Date(after);
  while (found.length < count) {
    time = schedule.next(time);
    found.push(time.toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

describe('an interval', () => {
  it.each([
    ['every 5m', 300_000],
    ['Every  30s', 30_000],
    ['every 1d', 86_400_000],
  ])('%j comes that long after the last', (text, milliseconds) => {
    const schedule = parseSchedule(text);
    expect(schedule).toMatchObject({ kind: 'interval', milliseconds });
    expect(schedule.next(new Date(1_000_007)).getTime()).toBe(1_000_007 + milliseconds);
  });

  it.each([
    ['every', 'not a length of time'],
    ['every 5', '"5" is not a length of time'],
    ['every monday', '"monday" is not a length of time'],
    ['every 0s', 'out of range'],
    ['every 500ms', 'out of range'],
    ['every 1000d', 'out of range'],
  ])('%j is refused', (text, message) => {
    expect(refusal(text)).toMatchObject({ code: 'config', message: expect.stringContaining(message) });
  });

  it('is refused with a time zone, which it would ignore', () => {
    expect(refusal('every 5m', 'UTC').message).toContain('no use for a time zone');
  });
});

describe('a cron expression', () => {
  it('is kept as data, with its time zone', () => {
    expect(parseSchedule(' 0  3 * * * ', 'Europe/Berlin')).toMatchObject({
      kind: 'cron',
      text: '0 3 * * *',
      timezone: 'Europe/Berlin',
    });
  });

  it.each([
    ['*/5 * * * *', '2026-03-01T10:02:03Z', ['2026-03-01T10:05:00Z', '2026-03-01T10:10:00Z']],
    ['*/5 * * * *', '2026-03-01T10:05:00Z', ['2026-03-01T10:10:00Z']],
    ['*/5 * * * *', '2026-03-01T10:04:59.999Z', ['2026-03-01T10:05:00Z']],
    ['*/20 * * * * *', '2026-03-01T10:04:41Z', ['2026-03-01T10:05:00Z', '2026-03-01T10:05:20Z']],
    ['0 3 * * *', '2026-12-31T03:00:00Z', ['2027-01-01T03:00:00Z']],
    ['30 8 * * mon-fri', '2026-03-06T09:00:00Z', ['2026-03-09T08:30:00Z']],
    ['0 0 1 1 *', '2026-01-01T00:00:00Z', ['2027-01-01T00:00:00Z']],
    ['0 0 29 2 *', '2096-03-01T00:00:00Z', ['2104-02-29T00:00:00Z']],
    ['0 12 L * *', '2026-02-01T00:00:00Z', ['2026-02-28T12:00:00Z', '2026-03-31T12:00:00Z']],
    ['59 23 31 12 ?', '2026-06-15T00:00:00Z', ['2026-12-31T23:59:00Z']],
  ])('%j after %s comes at %j', (text, after, expected) => {
    expect(times(text, 'UTC', after, expected.length)).toEqual(expected);
  });

  it.each([
    ['@hourly', '2026-03-01T10:02:03Z', '2026-03-01T11:00:00Z'],
    ['@daily', '2026-03-01T10:02:03Z', '2026-03-02T00:00:00Z'],
    ['@midnight', '2026-03-01T10:02:03Z', '2026-03-02T00:00:00Z'],
    ['@weekly', '2026-03-02T10:02:03Z', '2026-03-08T00:00:00Z'],
    ['@monthly', '2026-03-01T10:02:03Z', '2026-04-01T00:00:00Z'],
    ['@yearly', '2026-03-01T10:02:03Z', '2027-01-01T00:00:00Z'],
    ['@Annually', '2026-03-01T10:02:03Z', '2027-01-01T00:00:00Z'],
  ])('may be the name %s, as crontab(5) has it', (text, after, expected) => {
    expect(times(text, 'UTC', after, 1)).toEqual([expected]);
    expect(parseSchedule(text, 'UTC').text).toBe(text);
  });

  it.each([
    ['0 0 31 2 *', 'names a day that never comes'],
    ['0 0 31 4,6 *', 'names a day that never comes'],
    ['0 0 32 * *', 'the day-of-month field "32" is not valid; it goes from 1 to 31'],
    ['0 0 * * 8', 'the day-of-week field "8" is not valid; it goes from 0 to 7'],
    ['@reboot', '"@reboot" is neither an interval nor a cron expression'],
  ])('%j is refused for what is wrong with it', (text, message) => {
    expect(refusal(text).message).toContain(message);
  });

  it('follows its time zone through the changes of the clock', () => {
    expect(times('0 3 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 2)).toEqual([
      '2026-03-28T02:00:00Z',
      '2026-03-29T01:00:00Z',
    ]);
    expect(times('0 12 * * *', 'Asia/Kathmandu', '2026-03-28T00:00:00Z', 1)).toEqual([
      '2026-03-28T06:15:00Z',
    ]);
  });

  it('leaves out a local time that does not exist, and polls on through an hour that comes twice', () => {
    expect(times('30 2 * * *', 'America/New_York', '2026-03-08T05:00:00Z', 1)).toEqual([
      '2026-03-09T06:30:00Z',
    ]);
    expect(times('*/30 1 * * *', 'America/New_York', '2026-11-01T04:00:00Z', 4)).toEqual([
      '2026-11-01T05:00:00Z',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:00:00Z',
      '2026-11-01T06:30:00Z',
    ]);
  });

  it('agrees with the calendar for any minute and hour', () => {
    const minute = fc.integer({ min: 0, max: 59 });
    const hour = fc.integer({ min: 0, max: 23 });
    const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(minute, hour, moment, (m, h, after) => {
        const next = parseSchedule(`${m} ${h} * * *`, 'UTC').next(after);
        const expected = new Date(after);
        expected.setUTCHours(h, m, 0, 0);
        if (expected <= after) expected.setUTCDate(expected.getUTCDate() + 1);
        expect(next).toEqual(expected);
      }),
      propertyRuns(50),
    );
  });

  it('leaves no task behind in the library', () => {
    parseSchedule('0 0 1 * *').next(new Date(0));
    expect(getTasks().size).toBe(0);
  });

  it.each([
    ['', 'neither an interval nor a cron expression'],
    ['hourly', 'neither an interval nor a cron expression'],
    ['@never', 'neither an interval nor a cron expression'],
    ['* * * *', 'neither an interval nor a cron expression'],
    ['* * * * * * *', 'neither an interval nor a cron expression'],
    ['61 * * * *', 'minute field "61" is not valid; it goes from 0 to 59'],
    ['0 24 * * *', 'hour field "24"'],
    ['0 0 * 13 *', 'month field "13"'],
    ['*/0 * * * *', 'minute field "*/0"'],
    ['5/10 * * * *', 'minute field "5/10"'],
    ['*/90 * * * *', 'step of "*/90" is larger than the minute field, which has 60 values'],
    ['*/60 * * * *', 'larger than the minute field'],
    ['0 */24 * * *', 'larger than the hour field'],
    ['0,*/70 * * * *', 'step of "*/70"'],
    ['0-10/15 * * * *', 'which has 11 values here'],
    ['*/61 * * * * *', 'larger than the second field'],
    ['0 0 13 * 5', 'restricts the day-of-month and the day-of-week'],
    ['0 0 30W 2 *', 'never comes'],
    ['* * * * $', 'not a cron expression'],
  ])('%j is refused', (text, message) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'config', message: expect.stringContaining(message) });
    expect(error.hint).toMatch(/\.$/);
  });

  it.each(['Europe/Berln', '', 'CEST2'])('with the time zone %j is refused', (timezone) => {
    expect(refusal('0 3 * * *', timezone).message).toContain(`"${timezone}" is not a known time zone`);
  });

  it('of any text is read or refused with a MailError', () => {
    const field = fc.constantFrom(
      '*',
      '?',
      '1',
      '*/2',
      '1-5',
      '0,30',
      'L',
      '15W',
      '2#3',
      'mon',
      '99',
      '/',
      '-',
      '1-',
      'x',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(field, { minLength: 4, maxLength: 7 }).map((fields) => fields.join(' ')),
    );
    fc.assert(
      fc.property(text, (written) => {
        const after = new Date('2026-01-01T00:00:00Z');
        let next: number;
        try {
          next = parseSchedule(written, 'UTC').next(after).getTime();
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MailError);
          return;
        }
        expect(next).toBeGreaterThan(after.getTime());
      }),
    );
  });
});
