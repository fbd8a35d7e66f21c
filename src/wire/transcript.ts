import { printableLine } from './text.ts';

/** What was said on a connection, line by line, without secrets and without message bodies (I5). */
export type Transcript = (side: 'sent' | 'received', line: string) => void;

/**
 * One command line built from parts, so that secrecy is a property of the argument and not of a pattern: the
 * wire gets the value, the transcript gets `***`.
 */
export interface CommandLine {
  readonly wire: string;
  readonly shown: string;
  /** What must not be shown either where the other side repeats it in its reply. */
  readonly secrets?: readonly string[];
}

/** A command line that holds no secret. */
export function plainCommand(text: string): CommandLine {
  return { wire: text, shown: text };
}

/**
 * A command line whose last part must never be shown (RFC 1939 PASS, RFC 5034 AUTH and its continuations), nor
 * `inside`, what can be read out of that part.
 */
export function secretCommand(text: string, secret: string, inside: readonly string[] = []): CommandLine {
  const gap = text === '' ? '' : ' ';
  return { wire: `${text}${gap}${secret}`, shown: `${text}${gap}***`, secrets: [secret, ...inside] };
}

/** A transcript that makes what the other side says harmless to look at. */
export function sanitized(transcript: Transcript): Transcript {
  return (side, line) => transcript(side, printableLine(line, 500));
}
