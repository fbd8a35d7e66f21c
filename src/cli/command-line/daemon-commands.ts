import { type Command, Option } from 'commander';
import type { ActionOf } from '../command.ts';
import { EXIT_STATUS_HELP } from '../exit-status.ts';
import { CONFIRM_DELETE_HELP } from './confirm-delete.ts';
import { wholeNumber } from './option-values.ts';

/** The commands of the daemon, and those that talk to it. */
export function addDaemonCommands(program: Command, run: ActionOf): void {
  addRun(program, run);
  addStatus(program, run);
  addPoll(program, run);
  addPause(program, run);
  addReload(program, run);
  addLogs(program, run);
  addNotify(program, run);
}

function addRun(program: Command, run: ActionOf): void {
  program
    .command('run')
    .summary('the daemon: poll on schedule until told to stop')
    .description(
      'Polls all accounts on their schedules, in the foreground, until it is told to stop. SIGTERM and SIGINT end it properly, a second one at once; SIGHUP reads the configuration and opens the log file anew; SIGUSR1 polls all accounts now.',
    )
    .action(run(async () => (await import('../commands/run.ts')).run));
}

function addStatus(program: Command, run: ActionOf): void {
  program
    .command('status')
    .argument('[account...]', 'only these accounts')
    .summary('how each account is, and what to do about it')
    .description(
      'Shows for each account when it was polled last, what came of it, when it is polled next, and what to do if something is wrong. Asks the running daemon; without one it reads the ledger, and names the accounts that nobody seems to poll any more (status 69).',
    )
    .option('--json', 'one JSON object on standard output')
    .option('--alive', 'only whether the daemon answers: status 0, or 69')
    .addHelpText('after', EXIT_STATUS_HELP)
    .action(run(async () => (await import('../commands/status.ts')).status));
}

function addPoll(program: Command, run: ActionOf): void {
  program
    .command('poll')
    .argument('[account...]', 'only these accounts')
    .summary('let the daemon poll now')
    .description(
      'Lets the daemon poll these accounts now, or all of them, also those that are paused or no longer tried, and waits for their reports.',
    )
    .option('--json', 'one JSON object per account on standard output, nothing else there')
    .option('--no-wait', 'do not wait for the reports')
    .option('--confirm-delete', CONFIRM_DELETE_HELP)
    .addHelpText('after', EXIT_STATUS_HELP)
    .action(run(async () => (await import('../commands/poll.ts')).poll));
}

function addPause(program: Command, run: ActionOf): void {
  const json = new Option('--json', 'one JSON object on standard output');
  program
    .command('pause')
    .argument('[account...]', 'only these accounts')
    .summary('let the daemon poll no more')
    .description('Ends the polling of these accounts, or all, until `resume`, also after a restart.')
    .addOption(json)
    .action(run(async () => (await import('../commands/control.ts')).pause));
  program
    .command('resume')
    .argument('[account...]', 'only these accounts')
    .summary('undo pause')
    .description('Lets the daemon poll these accounts, or all, on schedule again.')
    .addOption(json)
    .action(run(async () => (await import('../commands/control.ts')).resume));
}

function addReload(program: Command, run: ActionOf): void {
  program
    .command('reload')
    .summary('let the daemon read its configuration again')
    .description(
      'Lets the daemon check its configuration and take it over. One that is wrong is refused, and the old one stays in force. Polls that run go on.',
    )
    .option('--json', 'one JSON object on standard output')
    .action(run(async () => (await import('../commands/control.ts')).reload));
}

function addLogs(program: Command, run: ActionOf): void {
  program
    .command('logs')
    .argument('[account...]', 'only these accounts')
    .summary('the last lines of the log of the daemon')
    .description('Shows what the daemon has logged last, wherever its log goes.')
    .option('-f, --follow', 'go on with what is logged from now on')
    .option('-n, --lines <count>', 'so many lines', wholeNumber(0, 1000), 20)
    .option('--json', 'as it was logged: one JSON object per line')
    .action(run(async () => (await import('../commands/logs.ts')).logs));
}

function addNotify(program: Command, run: ActionOf): void {
  program
    .command('notify')
    .summary('try out where notices go')
    .description(
      'Sends a test to every place that the configuration names under "notify" and "ping", and says which have taken it.',
    )
    .option('--test', 'send a test')
    .action(run(async () => (await import('../commands/notify.ts')).notify));
}
