import { stripVTControlCharacters, styleText } from 'node:util';
import { columnsOf, wrappedText } from './words/wording.ts';

type Style = Parameters<typeof styleText>[0];

/** Where a command writes: lines for people or programs, in colour only on a terminal that wants it. */
export interface Terminal {
  /** One line on standard output. */
  out(line: string): void;
  /** One line on standard error. */
  err(line: string): void;
  /** `text` in that style, for standard error or standard output; unchanged where colours are not wanted. */
  style(style: Style, text: string): string;
  /** Whether people watch standard error. */
  readonly interactive: boolean;
  /** Whether standard error may have colours (`NO_COLOR`). */
  readonly colours: boolean;
  /** Columns of standard error. */
  readonly columns: number;
  /** Writes to standard error as it is: for a line that is drawn again and again. */
  draw(text: string): void;
}

/** The terminal of this process. `NO_COLOR` and dumb terminals are honoured. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    style: (style, text) => styleText(style, text, { stream: stdout.isTTY ? stdout : stderr }),
    interactive: stderr.isTTY && process.env['TERM'] !== 'dumb',
    colours: stderr.isTTY && stderr.hasColors(),
    get columns() {
      return stderr.columns ?? 80;
    },
    draw: (text) => void stderr.write(text),
  };
}

/** `text` behind `first`: on a terminal in lines that fit, each beneath the other; where nobody watches, one line. */
export function paragraph(first: string, text: string, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY) return first + text;
  const indent = columnsOf(stripVTControlCharacters(first));
  const lines = wrappedText(text, Math.max(MIN_COLUMNS, stream.columns - indent));
  return first + lines.join(`\n${' '.repeat(indent)}`);
}

/** On a narrower terminal, lines are longer than it rather than unreadable. */
const MIN_COLUMNS = 24;

/** An error in two sentences: what is wrong, and what to do. */
export function showError(
  terminal: Terminal,
  error: { message: string; hint?: string | null | undefined },
  prefix: string,
): void {
  const { stderr } = process;
  // What several lines hold is a list that was laid out already.
  const [message = '', ...list] = error.message.split('\n');
  terminal.err([paragraph(`${terminal.style('red', prefix)} `, message, stderr), ...list].join('\n'));
  if (error.hint) terminal.err(paragraph(`  ${terminal.style('yellow', '→')} `, error.hint, stderr));
}
