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

/** The same for what may be or hold a password, where another text could be right: its kind, never its value (I5). */
export function foundKind(value: unknown): string {
  return typeof value === 'string' && value !== '' ? 'another text' : kindOf(value);
}

/** The same where a mapping or a list belongs: what stands there instead is often the secret that belongs into it (I5). */
export function kindOf(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return found(value);
}

/** Text from the configuration in quotes, cut, without control characters and without what a URL may hold of secrets. */
export function quoted(text: string): string {
  return `"${printable(withoutSecret(text), SHOWN_CHARACTERS)}"`;
}

/** Of a URL only the scheme, since any other part may be a secret; and nobody's password before the @ of a host (I5). */
export function withoutSecret(text: string): string {
  const scheme = text.indexOf('://');
  if (scheme !== -1) return `${text.slice(0, scheme)}://…`;
  return text.replace(/^[^:]*:.*@/s, '…@');
}
