import { constants } from 'node:os';
import { MailError, systemCode } from '../errors.ts';
import { describeSystemError } from '../wire/errors.ts';
import { statusOf, worstStatus } from './exit-status.ts';
import { processTerminal, showError } from './terminal.ts';

/** What a program says that SIGPIPE has ended. */
const NOBODY_READS = 128 + constants.signals.SIGPIPE;

let onlyTells = false;

/**
 * For a command that does nothing but tell: where nobody reads its standard output any more, it ends, as `SIGPIPE` ends
 * other programs. Without this a command goes on: mail is carried whoever looks.
 */
export function endWithReader(): void {
  onlyTells = true;
}

/** Watches what this process writes to: what cannot be written must not pass for written (I9). */
export function watchOutputs(): void {
  let lost = false;
  process.stdout.on('error', (thrown: unknown) => {
    if (systemCode(thrown) === 'EPIPE') {
      if (onlyTells) process.exit(NOBODY_READS);
      return;
    }
    if (!lost) showError(processTerminal(), notWritten(thrown), 'mailferry:');
    lost = true;
  });
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined);
  process.on('exit', (status) => {
    const bySignal = status > 128;
    if (lost && !bySignal) process.exitCode = worstStatus([status, statusOf('destination-io')]);
  });
}

function notWritten(thrown: unknown): MailError {
  return new MailError(
    'destination-io',
    `Standard output cannot be written: ${describeSystemError(thrown)}.`,
    {
      cause: thrown,
      hint: 'What was printed is not whole. Make room where it goes to, then say it again.',
    },
  );
}
