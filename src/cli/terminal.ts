import { styleText } from 'node:util';

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

/** An error in two sentences: what is wrong, and what to do. */
export function showError(
  terminal: Terminal,
  error: { message: string; hint?: string | null | undefined },
  prefix: string,
): void {
  terminal.err(`${terminal.style('red', prefix)} ${error.message}`);
  if (error.hint) terminal.err(`${' '.repeat(2)}${terminal.style('yellow', '→')} ${error.hint}`);
}
