import type { ReloadAnswer } from '../../daemon/answers.ts';
import { ROUTES } from '../../daemon/control-protocol.ts';
import { askRunning, firstOf } from '../ask.ts';
import type { CommandRun } from '../command.ts';
import { processTerminal } from '../terminal.ts';

type Control = CommandRun<{ readonly json?: boolean }>;

interface Accounts {
  readonly accounts: readonly string[];
}

/** `mailferry pause`: the daemon polls these accounts no more. */
export const pause: Control = async (options, accounts) => {
  const answer = await firstOf<Accounts>(
    await askRunning(options, { method: 'POST', path: ROUTES.pause, accounts }),
  );
  const terminal = processTerminal();
  if (options.json === true) terminal.out(JSON.stringify(answer));
  else terminal.out(`paused until \`mailferry resume\`: ${answer.accounts.join(', ')}`);
  return 0;
};

/** `mailferry resume`: the daemon polls these accounts again. */
export const resume: Control = async (options, accounts) => {
  const answer = await firstOf<Accounts>(
    await askRunning(options, { method: 'POST', path: ROUTES.resume, accounts }),
  );
  const terminal = processTerminal();
  if (options.json === true) terminal.out(JSON.stringify(answer));
  else if (answer.accounts.length === 0) terminal.out('none of them was paused');
  else terminal.out(`polled on schedule again: ${answer.accounts.join(', ')}`);
  return 0;
};

/** `mailferry reload`: the daemon takes over the configuration as it is now. */
export const reload: Control = async (options) => {
  const answer = await firstOf<ReloadAnswer>(
    await askRunning(options, { method: 'POST', path: ROUTES.reload }),
  );
  const terminal = processTerminal();
  if (options.json === true) {
    terminal.out(JSON.stringify(answer));
    return 0;
  }
  const { added, removed, rescheduled, needRestart } = answer;
  const parts = Object.entries({ added, removed, rescheduled })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(', ')}`);
  terminal.out(['the configuration is in force', ...parts].join('; '));
  if (needRestart.length > 0) {
    terminal.err(`${terminal.style('yellow', 'note:')} only a restart brings: ${needRestart.join(', ')}`);
  }
  return 0;
};
