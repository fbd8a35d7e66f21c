import { PeerSyntaxError, textOfOctets } from './peer.ts';

/** A word, a text in quotes, or `=`. */
export interface FetchmailToken {
  readonly text: string;
  /** Whether it stood in quotes, and so is never a keyword. */
  readonly quoted: boolean;
  readonly line: number;
}

/** Words that fetchmail allows anywhere and that mean nothing. */
const NOISE: ReadonlySet<string> = new Set(['and', 'with', 'has', 'wants', 'options']);

/** After these the next token is always a text, even one that looks like a keyword. */
const NAMES_FOLLOW: ReadonlySet<string> = new Set(['user', 'username', 'pass', 'password', 'is', 'to']);

const AUTH: ReadonlySet<string> = new Set(['auth', 'authenticate']);

const SEPARATOR = /[\s:;,]/;
const WORD_ENDS = /[\s=:;,]/;

/**
 * The tokens of a fetchmailrc, which is given as octets, each as one character. Blanks, `:`, `;` and `,` separate; `#` begins
 * a comment only where a token begins. Raises `PeerSyntaxError` at a quote that does not end.
 */
export function fetchmailTokens(text: string): readonly FetchmailToken[] {
  const tokens: FetchmailToken[] = [];
  let line = 1;
  let at = 0;
  const take = (end: number): string => {
    const taken = text.slice(at, end);
    line += taken.split('\n').length - 1;
    at = end;
    return taken;
  };
  while (at < text.length) {
    const character = text[at] ?? '';
    const begun = line;
    if (SEPARATOR.test(character)) {
      take(at + 1);
    } else if (character === '#') {
      take(endOf(text, at, '\n'));
    } else if ((character === '"' || character === "'") && !isLongerWord(text, at)) {
      const end = text.indexOf(character, at + 1);
      if (end === -1) throw new PeerSyntaxError(begun, 'a quote begins here and does not end');
      const inside = take(end + 1).slice(1, -1);
      tokens.push({ text: textOfOctets(unescaped(inside)), quoted: true, line: begun });
    } else if (character === '=') {
      tokens.push({ text: take(at + 1), quoted: false, line: begun });
    } else {
      const word = take(wordEnd(text, at));
      if (isNamed(tokens)) tokens.push({ text: textOfOctets(unescaped(word)), quoted: true, line: begun });
      else if (!NOISE.has(word)) tokens.push({ text: textOfOctets(word), quoted: false, line: begun });
    }
  }
  return tokens;
}

/** Whether the next word is a text. In `auth password` it is not: there `password` is a value itself. */
function isNamed(tokens: readonly FetchmailToken[]): boolean {
  const [before, last] = [tokens.at(-2), tokens.at(-1)];
  if (last === undefined || last.quoted || !NAMES_FOLLOW.has(last.text)) return false;
  return before === undefined || before.quoted || !AUTH.has(before.text);
}

/** A quote that ends within a word is a part of it: fetchmail has no quotes inside quotes, and `"x\"y"` is such a word. */
function isLongerWord(text: string, from: number): boolean {
  const end = text.indexOf(text[from] ?? '', from + 1);
  return end !== -1 && wordEnd(text, from) > end + 1;
}

function endOf(text: string, from: number, mark: string): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? text.length : end;
}

function wordEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !WORD_ENDS.test(text[end] ?? '')) end += 1;
  return end;
}

const ESCAPE = /\\(x[0-9a-fA-F]{1,2}|[0-9]{1,3}|[^])/g;
/** A line that ends with a backslash goes on in the next one. */
const LETTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', r: '\r', '\n': '' };

/** Escapes as fetchmail up to 6.6.6 reads them: `\x41`, `\0101` is octal, and `\65` is decimal. */
function unescaped(text: string): string {
  return text.replaceAll(ESCAPE, (_, escape: string) => {
    if (/^x./.test(escape)) return octet(Number.parseInt(escape.slice(1), 16));
    if (/^0[0-7]*$/.test(escape)) return octet(Number.parseInt(escape, 8));
    if (/^[1-9][0-9]*$/.test(escape)) return octet(Number(escape));
    return LETTERS[escape] ?? escape;
  });
}

/** It overflows there, too. */
function octet(value: number): string {
  return String.fromCharCode(value % 256);
}

/** Whether the text has an escape that fetchmail 6.6.7 and later read in another way. */
export function hasAmbiguousEscapes(text: string): boolean {
  return /\\[1-9]/.test(text);
}
