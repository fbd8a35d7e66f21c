import { type Command, CommanderError } from 'commander';
import { asMailError } from '../errors.ts';
import type { CommandRun } from './command.ts';
import { buildProgram } from './command-line/program.ts';
import { statusOf } from './exit-status.ts';
import { watchOutputs } from './outputs.ts';
import { signalStatus } from './signals.ts';
import { processTerminal, showError } from './terminal.ts';

/** Runs the program; sets the exit status and lets the process end by itself, so that all output gets out. */
async function main(): Promise<void> {
  // Whatever is made is private: mail, the ledger, locks.
  process.umask(0o077);
  const program = buildProgram((load) => async (...received) => {
    const command = received.at(-1) as Command;
    const words = command.args;
    const commandRun = (await load()) as CommandRun<Record<string, unknown>>;
    process.exitCode = await commandRun(command.optsWithGlobals(), words);
  });
  try {
    await program.parseAsync();
  } catch (thrown) {
    process.exitCode = thrown instanceof CommanderError ? usageStatus(thrown) : reported(thrown);
  }
}

/** Commander has written its text already; help and version are no errors. */
function usageStatus({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : statusOf('usage');
}

function reported(thrown: unknown): number {
  const error = asMailError(thrown);
  showError(processTerminal(), error, 'mailferry:');
  return (error.code === 'aborted' ? signalStatus() : undefined) ?? statusOf(error.code);
}

watchOutputs();
void main();
