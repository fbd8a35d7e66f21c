import { printable } from '../wire/text.ts';

/** Longer texts are cut where they are shown. */
const SHOWN_CHARACTERS = 40;

/** How a value is named to the person who wrote it: `"imap"`, `70000`, `a list`, `nothing`. */
export function found(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** The same for what may be or hold a password: its kind, never its value (I5). */
export function foundKind(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'another text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return found(value);
}

/** Text from the configuration in quotes, cut and without control characters. */
export function quoted(text: string): string {
  return `"${printable(text, SHOWN_CHARACTERS)}"`;
}
