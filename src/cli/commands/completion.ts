import { asMailError, MailError } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { completionScript, type Shell } from '../completion.ts';
import { loadFor } from '../load.ts';
import { buildProgram } from '../program.ts';
import { processTerminal } from '../terminal.ts';

/** `mailferry completion SHELL`: prints a script; for `accounts`, what such a script asks for. */
export const completion: CommandRun<object> = async (options, [what = '']) => {
  const terminal = processTerminal();
  if (what !== 'accounts') {
    const program = buildProgram(() => () => Promise.resolve());
    terminal.out(completionScript(program, what as Shell).trimEnd());
    return 0;
  }
  const loaded = await loadFor(options).catch(asMailError);
  // Without a configuration there is nothing to complete, and nobody wants an error at the prompt.
  if (loaded instanceof MailError) return 0;
  for (const { account } of loaded.accounts) terminal.out(account.name);
  return 0;
};
