import * as z from 'zod';
import { formatDuration, parseDuration } from '../../schedule/duration.ts';
import { found, foundKind, kindOf, quoted } from '../found.ts';
import { parseSize } from '../size.ts';

/** One check for each key of `T`, made when it is wanted: to make all of them takes longer than to read most files. */
export type Fields<T> = { readonly [K in keyof T]-?: () => z.ZodType<Exclude<T[K], undefined>> };

/** The same checks, each of which is made once at most. */
export function onDemand<T>(fields: Fields<T>): Fields<T> {
  const entries = Object.entries<() => z.ZodType>(fields);
  return Object.fromEntries(entries.map(([key, make]) => [key, once(make)])) as Fields<T>;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Builds the message of a value that is wrong. */
type ErrorText = (issue: { readonly input?: unknown }) => string;

export interface ErrorOption {
  readonly error: ErrorText;
}

/** Every message is complete in itself: what was expected and what was found. */
export function expected(what: string, name: (value: unknown) => string = found): ErrorOption {
  return {
    error: ({ input }) =>
      input === undefined ? `missing; expected ${what}` : `expected ${what}, found ${name(input)}`,
  };
}

/** For texts that YAML may take for something else, such as 012345, true or null. */
export function expectedText(what: string, name: (value: unknown) => string = found): ErrorOption {
  return {
    error: ({ input }) => {
      if (input === undefined) return `missing; expected ${what}`;
      const remedy = typeof input === 'number' || typeof input === 'boolean' ? '; put it in quotes' : '';
      return `expected ${what}, found ${name(input)}${remedy}`;
    },
  };
}

function expectedNumber(what: string): ErrorOption {
  const { error } = expected(what);
  return {
    error: (issue) =>
      typeof issue.input === 'string' && /^\d+$/.test(issue.input)
        ? `${error(issue)}; leave the quotes out`
        : error(issue),
  };
}

/** For what is or holds a password: the value is never shown (I5). */
export function expectedSecret(what: string): ErrorOption {
  return expectedText(what, foundKind);
}

/** The text of an unknown key carries the known ones, from which `check` makes the suggestion. */
export function mapping<T extends z.core.$ZodShape>(what: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const { error } = expected(what, kindOf);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : error(issue)),
  });
}

/** A whole number in this range, both ends included; `what` says of what, for the message. */
export function wholeNumber(what: string, min: number, max: number): z.ZodType<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const text = expectedNumber(`${what} ${range}`);
  return z.int(text).min(min, text).max(max, text);
}

/** One of these texts. */
export function choice<T extends string>(values: readonly [T, ...T[]]): z.ZodType<T> {
  return z.enum(values, expected(`one of ${values.join(', ')}`));
}

/** A time with its unit, such as `5m`, given in milliseconds; `min` and `max` are in milliseconds. */
export function duration(what: string, min: number, max: number): z.ZodType<number> {
  const text = expected(`${what} with its unit, such as 30s, 5m, 2h or 30d`);
  return z
    .string(text)
    .transform((written, context) => {
      const milliseconds = parseDuration(written);
      if (milliseconds !== undefined && milliseconds >= min && milliseconds <= max) return milliseconds;
      const range = `from ${formatDuration(min)} to ${formatDuration(max)}`;
      context.addIssue(
        milliseconds === undefined
          ? text.error({ input: written })
          : `expected ${what} ${range}, found ${quoted(written)}`,
      );
      return z.NEVER;
    })
    .meta({ title: 'duration', pattern: '^\\d+ ?(ms|s|m|h|d)$' });
}

/** A size with or without a unit, such as `50MB`, given in octets. */
export function size(): z.ZodType<number> {
  const text = expected('a size of at least one octet, such as 50MB, 512KiB or 1000000');
  return z
    .union([z.string(), z.int(text).min(1, text)], text)
    .transform((written, context) => {
      const octets = parseSize(String(written));
      if (octets !== undefined && octets > 0) return octets;
      context.addIssue(text.error({ input: written }));
      return z.NEVER;
    })
    .meta({ title: 'size' });
}

/** A path as it was written, absolute, relative or below `~/`; refuses what looks like a variable or another user's home. */
export function path(what: string, text: ErrorOption = expectedText(what)): z.ZodType<string> {
  return z
    .string(text)
    .min(1, text)
    .superRefine((written, context) => {
      if (written.includes('\0')) context.addIssue(`expected ${what}, found a NUL character`);
      else if (/^~[^/]/.test(written)) context.addIssue('only ~/ stands for a folder; write the whole path');
      else if (written.startsWith('$')) {
        context.addIssue(
          'variables have no meaning in a path; write ~/ for the home folder, or the whole path',
        );
      }
    })
    .meta({ title: 'path' });
}

const COMMAND = expectedSecret('a command as text, or a list of a program and its arguments');

/** A command as text for `/bin/sh`, or as a list of a program and its arguments. */
export const command = (): z.ZodType<string | readonly string[]> => {
  const argument = z.string(COMMAND).regex(/^[^\0]*$/, COMMAND);
  return z.union([argument.min(1, COMMAND), z.tuple([argument.min(1, COMMAND)], argument)], COMMAND);
};
