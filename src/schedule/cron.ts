import { createRequire } from 'node:module';
import type * as NodeCron from 'node-cron';
import { MailError } from '../errors.ts';
import { parseDuration } from './duration.ts';

/**
 * When an account is polled, as data. `next` gives the first moment after `after`; it depends on nothing but its
 * argument, so that it stays right when the wall clock jumps. That moment may be years away: whoever waits for it
 * with a timer must wait in pieces, as timers end at 24 days.
 */
export type Schedule =
  | {
      readonly kind: 'interval';
      /** As it was written: `every 5m`. */
      readonly text: string;
      readonly milliseconds: number;
      next(after: Date): Date;
    }
  | {
      readonly kind: 'cron';
      /** As it was written: five fields, or six with the seconds first. */
      readonly text: string;
      /** An IANA name such as `Europe/Berlin`; undefined is the time zone of this machine. */
      readonly timezone: string | undefined;
      next(after: Date): Date;
    };

/** Loaded for the first cron expression: most configurations have none, and every command reads its configuration. */
let library: typeof NodeCron | undefined;

function nodeCron(): typeof NodeCron {
  library ??= createRequire(import.meta.url)('node-cron') as typeof NodeCron;
  return library;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUARTER = 15 * MINUTE;
const HALF_DAY = 48 * QUARTER;
const YEAR = 732 * HALF_DAY;

/** Shorter intervals would only load the server. */
const SHORTEST_INTERVAL = SECOND;
const LONGEST_INTERVAL = YEAR;

/** 29 February may be eight years away (2096 to 2104); a schedule that is silent for longer never comes. */
const SEARCH_LIMIT = 10 * YEAR;

const FIELDS = [
  { key: 'second', name: 'second', first: 0, last: 59 },
  { key: 'minute', name: 'minute', first: 0, last: 59 },
  { key: 'hour', name: 'hour', first: 0, last: 23 },
  { key: 'dayOfMonth', name: 'day-of-month', first: 1, last: 31 },
  { key: 'month', name: 'month', first: 1, last: 12 },
  { key: 'dayOfWeek', name: 'day-of-week', first: 0, last: 7 },
] as const;

/** The names of crontab(5) for common expressions. */
const NICKNAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '@hourly': '0 * * * *',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@weekly': '0 0 * * 0',
    '@monthly': '0 0 1 * *',
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
  }),
);

const FORMS = 'Write "every 5m", or a cron expression of five fields such as "*/5 * * * *".';

/**
 * Reads `every 5m` or a cron expression of five fields (minute, hour, day-of-month, month, day-of-week), or six with the
 * seconds first, or a name of crontab(5) such as `@daily`. Refuses with a `MailError` of code `config` what the cron library
 * would take and misunderstand: a step larger than its field, both kinds of day restricted at once, an unknown time zone, a
 * date that never comes.
 *
 * Where clocks change, a local time that does not exist is left out that day, and one that comes twice is taken twice.
 */
export function parseSchedule(text: string, timezone?: string): Schedule {
  const written = text.trim().replace(/\s+/g, ' ');
  const interval = /^every\b ?(.*)$/i.exec(written)?.[1];
  if (interval !== undefined) return intervalSchedule(written, interval, timezone);
  const fields = cronFields(NICKNAMES.get(written.toLowerCase()) ?? written);
  if (timezone !== undefined) refuseUnknownTimezone(timezone);
  const next = nextFinder(fields, timezone);
  // A leap year, so that only what never comes is refused.
  if (fields[3] !== '*') next(new Date(Date.UTC(2024, 0, 1)));
  return { kind: 'cron', text: written, timezone, next };
}

function intervalSchedule(text: string, interval: string, timezone: string | undefined): Schedule {
  const milliseconds = parseDuration(interval);
  if (milliseconds === undefined) {
    throw refused(
      `"${interval}" is not a length of time`,
      'Write a whole number and a unit: "every 5m", "every 2h".',
    );
  }
  if (milliseconds < SHORTEST_INTERVAL || milliseconds > LONGEST_INTERVAL) {
    throw refused(`"${text}" is out of range`, 'Choose an interval from 1s to 366d.');
  }
  if (timezone !== undefined) {
    throw refused(
      `"${text}" has no use for a time zone`,
      'Leave the time zone out, or write a cron expression.',
    );
  }
  const next = (after: Date): Date => new Date(after.getTime() + milliseconds);
  return { kind: 'interval', text, milliseconds, next };
}

/** The six fields, seconds first, after every check that needs no calendar. */
function cronFields(expression: string): readonly string[] {
  const parts = expression.split(' ');
  if (expression === '' || (parts.length !== 5 && parts.length !== 6)) {
    throw refused(`"${expression}" is neither an interval nor a cron expression`, FORMS);
  }
  const fields = parts.length === 5 ? ['0', ...parts] : parts;
  const [error] = nodeCron().validateDetailed(expression).errors;
  if (error !== undefined) {
    if (error.field === 'dayOfMonth' && isValid(fields.with(4, '*'))) throw neverComes(fields);
    throw refused(explain(error.field, error.value ?? expression), FORMS);
  }
  for (const [index, field] of fields.entries()) refuseLargeStep(index, field);
  if (isRestricted(fields[3]) && isRestricted(fields[5])) {
    throw refused(
      `"${expression}" restricts the day-of-month and the day-of-week, which programs understand differently`,
      'Restrict one of the two and write * for the other.',
    );
  }
  return fields;
}

function isValid(fields: readonly string[]): boolean {
  return nodeCron().validateDetailed(fields.join(' ')).errors.length === 0;
}

function explain(key: string, value: string): string {
  const field = FIELDS.find((known) => known.key === key);
  if (field === undefined) return `"${value}" is not a cron expression`;
  return `the ${field.name} field "${value}" is not valid; it goes from ${field.first} to ${field.last}`;
}

/** A step of 90 minutes means minute 0 of each hour to the cron library, and surely not to who wrote it. */
function refuseLargeStep(index: number, text: string): void {
  const field = FIELDS[index];
  if (field === undefined) return;
  for (const part of text.split(',')) {
    const [, from, to, step] = /^(?:\*|(\d+)-(\d+))\/(\d+)$/.exec(part) ?? [];
    if (step === undefined) continue;
    const first = from === undefined ? field.first : Number(from);
    const last = to === undefined ? field.last : Number(to);
    if (first > last || Number(step) <= last - first) continue;
    throw refused(
      `the step of "${part}" is larger than the ${field.name} field, which has ${last - first + 1} values here`,
      'Use a smaller step, or an interval such as "every 90m".',
    );
  }
}

function isRestricted(field: string | undefined): boolean {
  return field !== '*' && field !== '?';
}

function refuseUnknownTimezone(timezone: string): void {
  try {
    Intl.DateTimeFormat(undefined, { timeZone: timezone });
  } catch {
    throw refused(
      `"${timezone}" is not a known time zone`,
      'Write the name of a region and city: Europe/Berlin, UTC.',
    );
  }
}

/**
 * Searches forward in steps that shrink: half days until the day fits, quarters of an hour (time zones differ by
 * nothing finer), minutes, seconds. Matching instants, not local times, is what keeps it right where clocks change.
 */
function nextFinder(fields: readonly string[], timezone: string | undefined): (after: Date) => Date {
  const matcher = (free: number): ((time: number) => boolean) => {
    const expression = fields.map((field, index) => (index < free ? '*' : field)).join(' ');
    const task = nodeCron().createTask(
      expression,
      () => undefined,
      timezone === undefined ? {} : { timezone },
    );
    // Only its matching is wanted; the library would keep every task it ever made.
    void task.destroy();
    return (time) => task.match(new Date(time));
  };
  let matchers: Record<'day' | 'hour' | 'minute' | 'second', (time: number) => boolean> | undefined;
  return (after) => {
    // Made on first use: a configuration of many accounts is often only checked.
    matchers ??= { day: matcher(3), hour: matcher(2), minute: matcher(1), second: matcher(0) };
    let time = following(after.getTime(), SECOND);
    for (const end = time + SEARCH_LIMIT; time < end; ) {
      if (!matchers.day(time)) {
        time = matchers.day(time + HALF_DAY) ? following(time, QUARTER) : time + HALF_DAY;
      } else if (!matchers.hour(time)) time = following(time, QUARTER);
      else if (!matchers.minute(time)) time = following(time, MINUTE);
      else if (!matchers.second(time)) time += SECOND;
      else return new Date(time);
    }
    throw neverComes(fields);
  };
}

function neverComes(fields: readonly string[]): MailError {
  return refused(
    `"${fields.slice(3).join(' ')}" names a day that never comes`,
    'Correct the day or the month.',
  );
}

function following(time: number, unit: number): number {
  return Math.floor(time / unit) * unit + unit;
}

function refused(message: string, hint: string): MailError {
  return new MailError('config', message, { hint });
}
