import type { Command } from 'commander';
import { asMailError, MailError } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { completionScript, type Shell } from '../completion.ts';
import { loadFor } from '../load.ts';
import { processTerminal } from '../terminal.ts';

/** `mailferry completion SHELL`: prints a script for `program`; for `accounts`, what such a script asks for. */
export const completionOf =
  (program: Command): CommandRun<object> =>
  async (options, [what = '']) => {
    const terminal = processTerminal();
    if (what !== 'accounts') {
      terminal.out(completionScript(program, what as Shell).trimEnd());
      return 0;
    }
    const loaded = await loadFor(options).catch(asMailError);
    // Without a configuration there is nothing to complete, and nobody wants an error at the prompt.
    if (loaded instanceof MailError) return 0;
    for (const { account } of loaded.accounts) terminal.out(account.name);
    return 0;
  };
