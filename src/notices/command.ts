import { MailError } from '../errors.ts';
import { endingText, MAX_SAID_CHARACTERS, runProgram, wentWell } from '../wire/run-program.ts';
import { printable } from '../wire/text.ts';
import { SEND_LIMIT_MS } from './post.ts';

export interface CommandRun {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
  /** Default: that of everything that sends. */
  readonly limitMs?: number | undefined;
  /** Whether the hint of what is raised holds what the command has said on standard error. Else that is thrown away. */
  readonly quotes?: boolean | undefined;
}

/**
 * Runs a command with that on its standard input, and waits for its end; what it prints is thrown away. Raises a
 * `MailError` without the command in it, which may hold a secret (I5).
 */
export async function runNoticeCommand(run: CommandRun): Promise<void> {
  const { limitMs = SEND_LIMIT_MS, quotes = false } = run;
  const ending = await runProgram({ ...run, limitMs, hears: quotes ? 'errors' : 'nothing' });
  if (wentWell(ending)) return;
  throw failed(endingText(ending, limitMs), ending.said);
}

/** It is the place that did not take the notice, whatever its reason. */
function failed(how: string, said: string): MailError {
  return new MailError('unreachable', `The command for notices ${how}.`, {
    hint:
      said === ''
        ? 'Run it by hand as the user who runs Mailferry, with a notice as JSON on its standard input.'
        : `It said: ${printable(said, MAX_SAID_CHARACTERS)}`,
  });
}
