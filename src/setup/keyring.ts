import { MailError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { throwIfStopped } from '../wire/deadline.ts';
import { runProgram, wentWell } from '../wire/run-program.ts';

/** Somebody may have to unlock it first. */
const LIMIT_MS = 300_000;

/** How a password in the keyring of the desktop is named there, and how the configuration asks for it. */
export function keyringCommand(account: string): readonly string[] {
  return ['secret-tool', 'lookup', 'application', 'mailferry', 'account', account];
}

/**
 * Stores a password in the keyring of the desktop (libsecret); it goes through a pipe, never the command line (I5). Raises
 * `secret-unavailable` where the keyring does not take it, and `aborted` where `stop` says so while it may wait to be unlocked.
 */
export async function storeInKeyring(account: string, password: Secret, stop?: AbortSignal): Promise<void> {
  const words = ['store', '--label', `Mailferry: ${account}`, 'application', 'mailferry', 'account', account];
  const ending = await runProgram({
    command: ['secret-tool', ...words],
    folder: undefined,
    env: process.env,
    input: password.reveal(),
    limitMs: LIMIT_MS,
    hears: 'errors',
    stop,
  });
  if (wentWell(ending)) return;
  throwIfStopped(stop);
  const { said } = ending;
  throw new MailError(
    'secret-unavailable',
    `The keyring did not take the password${said === '' ? '' : `: ${said}`}.`,
    {
      hint: 'Install libsecret-tools and unlock the keyring, or store the password in a file.',
    },
  );
}
