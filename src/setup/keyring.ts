import { spawn } from 'node:child_process';
import { MailError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** How a password in the keyring of the desktop is named there, and how the configuration asks for it. */
export function keyringCommand(account: string): readonly string[] {
  return ['secret-tool', 'lookup', 'application', 'mailferry', 'account', account];
}

/** Stores a password in the keyring of the desktop (libsecret); it goes through a pipe, never the command line (I5). */
export async function storeInKeyring(account: string, password: Secret): Promise<void> {
  const words = ['store', '--label', `Mailferry: ${account}`, 'application', 'mailferry', 'account', account];
  const child = spawn('secret-tool', words, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (block: Buffer) => {
    said = (said + block.toString()).slice(0, 500);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(password.reveal());
  const status = await ended.catch(() => 127);
  if (status === 0) return;
  throw new MailError(
    'secret-unavailable',
    `The keyring did not take the password${said === '' ? '' : `: ${said.trim()}`}.`,
    {
      hint: 'Install libsecret-tools and unlock the keyring, or store the password in a file.',
    },
  );
}
