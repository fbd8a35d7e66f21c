import { MailError } from '../errors.ts';

/** One thing that is wrong in a configuration, and where. */
export interface Problem {
  /** Keys that lead there, such as `accounts.work.port`; empty for the file as a whole. */
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What was expected and what was found, without the place; never a password (I5). */
  readonly message: string;
}

/** A problem as compilers print one, so that editors can jump to it: `file:line:column: key: message`. */
function formatProblem(file: string, problem: Problem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return `${file}:${problem.line}:${problem.column}: ${key}${problem.message}`;
}

/** Everything that is wrong in one configuration, in the order of the file. Its message has one line for each problem. */
export class ConfigurationError extends MailError {
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    super('config', sorted.map((problem) => formatProblem(file, problem)).join('\n'), {
      hint: 'Correct the configuration, then run `mailferry check` (with the same --config) to see what is left.',
    });
    this.file = file;
    this.problems = sorted;
  }
}
