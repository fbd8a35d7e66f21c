import { MailError } from '../errors.ts';
import { printable } from '../wire/text.ts';

/** What a field of options or of a fault may hold; `expected` completes "… must be". */
export interface Field {
  /** True for a good value. */
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
}

export type Fields = Readonly<Record<string, Field>>;

export const count: Field = { fits: isCount, expected: 'a whole number, 0 or more' };
export const positive: Field = {
  fits: (value) => isCount(value) && value >= 1,
  expected: 'a whole number, 1 or more',
};
export const flag: Field = { fits: (value) => typeof value === 'boolean', expected: 'true or false' };
export const text: Field = { fits: (value) => typeof value === 'string', expected: 'a text' };

/** A field that holds one of these words. */
export function oneOf(...words: readonly string[]): Field {
  const last = quoted(words.slice(-1));
  return {
    fits: (value) => typeof value === 'string' && words.includes(value),
    expected: words.length === 1 ? last : `${quoted(words.slice(0, -1))} or ${last}`,
  };
}

/** A field that holds a whole number from one to another. */
export function wholeFrom(least: number, most: number): Field {
  return {
    fits: (value) => isCount(value) && value >= least && value <= most,
    expected: `a whole number from ${least} to ${most}`,
  };
}

/** Every field of `value`, which is called `place`, is known and holds what it may. Raises `config` otherwise. */
export function checkFields(place: string, value: unknown, fields: Fields): void {
  if (!isRecord(value)) throw mistake(place === '' ? 'The options' : place, 'must be an object, { … }.');
  for (const [name, content] of Object.entries(value)) {
    const path = `${place}${place === '' ? '' : '.'}${printable(name, 40)}`;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined)
      throw mistake(`"${path}"`, 'is no option.', `Known are ${quoted(Object.keys(fields))}.`);
    if (content === undefined || field.fits(content)) continue;
    throw mistake(`"${path}"`, `must be ${field.expected}.`, 'Correct it, or leave it out for its default.');
  }
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The words as an error shows them. */
export function quoted(words: readonly string[]): string {
  return words.map((name) => `"${name}"`).join(', ');
}

function mistake(place: string, what: string, hint = 'Correct it.'): MailError {
  return new MailError('config', `${place} ${what}`, { hint });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
