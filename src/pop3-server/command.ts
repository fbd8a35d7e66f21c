import { MECHANISMS } from '../sasl/mechanisms.ts';
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

/** What may be shown of a command line that could hold a secret: the keyword, and the name of a mechanism there is. */
const PUBLIC = new RegExp(
  `^(\\s*(?:AUTH(?:\\s+(?:${Object.keys(MECHANISMS).join('|')})(?=\\s|$))?|PASS|APOP))(.*)$`,
  'is',
);

/** A command line as it may be shown (I5): what could be a password is masked, even in a misspelt command. */
export function shownCommand(line: string): string {
  const [, shown = line, rest = ''] = PUBLIC.exec(line) ?? [];
  return printableLine(rest.trim() === '' ? line : `${shown} ***`, 500);
}
