import type { ReloadAnswer } from '../../daemon/answers.ts';
import { ROUTES } from '../../daemon/control-protocol.ts';
import type { CommandRun } from '../command.ts';
import { askRunning, firstOf } from '../daemon/ask.ts';
import { processTerminal, type Terminal } from '../terminal.ts';

type Control = CommandRun<{ readonly json?: boolean }>;

type Tell<Answer> = (answer: Answer, terminal: Terminal) => void;

interface Accounts {
  readonly accounts: readonly string[];
}

/** A command that has the daemon do one thing, and tells what came of it. */
function control<Answer>(path: string, tell: Tell<Answer>): Control {
  return async (options, accounts) => {
    const answer = await firstOf<Answer>(await askRunning(options, { method: 'POST', path, accounts }));
    const terminal = processTerminal();
    if (options.json === true) terminal.out(JSON.stringify(answer));
    else tell(answer, terminal);
    return 0;
  };
}

/** `mailferry pause`: the daemon polls these accounts no more. */
export const pause: Control = control<Accounts>(ROUTES.pause, ({ accounts }, terminal) =>
  terminal.out(`paused until \`mailferry resume\`: ${accounts.join(', ')}`),
);

/** `mailferry resume`: the daemon polls these accounts again. */
export const resume: Control = control<Accounts>(ROUTES.resume, ({ accounts }, terminal) =>
  terminal.out(
    accounts.length === 0 ? 'none of them was paused' : `polled on schedule again: ${accounts.join(', ')}`,
  ),
);

/** `mailferry reload`: the daemon takes over the configuration as it is now. */
export const reload: Control = control<ReloadAnswer>(ROUTES.reload, (answer, terminal) => {
  const { added, removed, rescheduled, needRestart } = answer;
  const parts = Object.entries({ added, removed, rescheduled })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(', ')}`);
  terminal.out(['the configuration is in force', ...parts].join('; '));
  if (needRestart.length > 0) {
    terminal.err(`${terminal.style('yellow', 'note:')} only a restart brings: ${needRestart.join(', ')}`);
  }
});
