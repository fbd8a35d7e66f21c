/** A program that takes mail, as our configuration writes it. */
export interface PeerMda {
  readonly type: 'mda';
  readonly command: string | readonly string[];
}

/** What our programs find the envelope sender in; in quotes, so that the shell takes it as it is. */
const SENDER = '"$SENDER"';

/** Which quotes of the shell a place in a command line is in. */
type Quotes = '' | "'" | '"';

/** Arguments that no shell reads as anything but themselves. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * A command line for the shell in which a peer puts the sender for `%F`, and for `%T` whoever gets the mail, quoted by itself.
 * Undefined where it names a recipient and there is not one.
 */
export function mdaOfLine(written: string, recipient: string | undefined): PeerMda | undefined {
  if (/%T/.test(written) && (recipient ?? '') === '') return undefined;
  let quotes: Quotes = '';
  const command = written
    // What is quoted by itself needs no other quotes.
    .replaceAll(/'(%[FT])'|"(%[FT])"/g, '$1$2')
    .replaceAll(/%[FT]|\\.|['"]/g, (found) => {
      if (found.startsWith('%'))
        return within(found === '%F' ? SENDER : quotedForShell(recipient ?? ''), quotes);
      if (found === quotes) quotes = '';
      else if (quotes === '' && (found === "'" || found === '"')) quotes = found;
      // Within these a backslash is one, and what is behind it may end them.
      else if (quotes === "'" && found === "\\'") quotes = '';
      return found;
    });
  return { type: 'mda', command };
}

/**
 * A program and its arguments, in which getmail puts the sender for `%(sender)`. Undefined where they name a recipient, which a
 * maildrop does not tell.
 */
export function mdaOfArguments(program: string, args: readonly string[]): PeerMda | undefined {
  if (args.some((one) => /%\((?!sender\))/.test(one))) return undefined;
  if (!args.some((one) => one.includes('%(sender)'))) return { type: 'mda', command: [program, ...args] };
  const words = [program, ...args].map((one) =>
    one
      .split('%(sender)')
      .map((part) => (part === '' ? '' : quotedForShell(part)))
      .join(SENDER),
  );
  return { type: 'mda', command: words.join(' ') };
}

function quotedForShell(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A word that is quoted by itself, in the midst of quotes: they end before it, and begin again behind it. */
function within(word: string, quotes: Quotes): string {
  return `${quotes}${word}${quotes}`;
}
