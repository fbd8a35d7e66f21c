import { mechanismNamed } from '../sasl/mechanisms.ts';
import { printableLine } from '../wire/text.ts';

/** One command line of the client (RFC 1939 §3), taken apart. */
export interface Command {
  /** In upper case. */
  readonly keyword: string;
  /** All that follows the first space, each octet as one character (latin1); undefined without a space. */
  readonly argument: string | undefined;
}

/** Reads a command line. Keywords are case-insensitive, arguments are kept as they came. */
export function parseCommand(line: string): Command {
  const space = line.indexOf(' ');
  if (space < 0) return { keyword: line.toUpperCase(), argument: undefined };
  return { keyword: line.slice(0, space).toUpperCase(), argument: line.slice(space + 1) };
}

/** The arguments one by one; a doubled or trailing space makes an empty one, which no command takes. */
export function argumentsOf({ argument }: Command): readonly string[] {
  return argument === undefined ? [] : argument.split(' ');
}

/** Every command of this server. */
export const COMMANDS: ReadonlySet<string> = new Set(
  'USER PASS APOP AUTH STLS UTF8 LANG CAPA QUIT STAT LIST UIDL RETR TOP DELE NOOP RSET'.split(' '),
);

/** How many words may be shown behind the keywords that can be followed by a secret. */
const PUBLIC_WORDS: Readonly<Record<string, (words: readonly string[]) => number>> = {
  // Whoever leaves out the line end, or takes it for LOGIN, goes on with the password.
  USER: (words) => (words.length === 1 ? 1 : 0),
  PASS: () => 0,
  APOP: () => 0,
  AUTH: ([mechanism = '']) => (mechanismNamed(mechanism) === undefined ? 0 : 1),
};

/**
 * A command line as it may be shown (I5). What is no command of this server is not shown at all: it may be a misspelt
 * PASS, or the credentials that belong to an AUTH that was refused.
 */
export function shownCommand(line: string): string {
  const [keyword = '', ...words] = line.split(' ');
  if (!COMMANDS.has(keyword.toUpperCase())) return line === '' ? '' : '***';
  const shown = PUBLIC_WORDS[keyword.toUpperCase()]?.(words) ?? words.length;
  const hidden = words.slice(shown).some((word) => word !== '') ? ['***'] : words.slice(shown);
  return printableLine([keyword, ...words.slice(0, shown), ...hidden].join(' '), 500);
}
