import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { PASSWORD_COMMAND_MS, passwordSource } from '../../config/secrets.ts';
import type { PasswordSettings } from '../../config/settings.ts';
import { writePrivateFile } from '../../durable/private-file.ts';
import { MailError } from '../../errors.ts';
import { systemRuntime } from '../../runtime.ts';
import { Secret } from '../../secret.ts';
import { keyringCommand, storeInKeyring } from '../../setup/keyring.ts';
import type { Asker } from '../prompts.ts';
import type { InitOptions } from './options.ts';

/** A password, how the configuration refers to it, and what must be done so that it is there. */
export interface ChosenPassword {
  readonly secret: Secret;
  /** As the configuration writes it. */
  readonly value: unknown;
  /** Puts it where `value` points, if it is not there yet; resolves to a sentence about it. May wait for somebody, until told to stop. */
  readonly store: (stop: AbortSignal) => Promise<string | undefined>;
}

const THERE = (): Promise<undefined> => Promise.resolve(undefined);

/** The password that the options point to, read as a poll reads it. */
export async function passwordOfOptions(
  options: InitOptions,
  { output, name, absolute }: { output: string; name: string; absolute: (path: string) => string },
): Promise<ChosenPassword> {
  const { passwordFile, passwordCommand, passwordEnv, passwordCredential } = options;
  if (passwordFile !== undefined) {
    const path = absolute(passwordFile);
    const value = { file: passwordFile.startsWith('~/') ? passwordFile : path };
    return { secret: await read({ from: 'file', path }, output), value, store: THERE };
  }
  if (passwordCommand !== undefined) {
    const settings = { from: 'command', command: passwordCommand } as const;
    return { secret: await read(settings, output), value: { command: passwordCommand }, store: THERE };
  }
  if (passwordEnv !== undefined) {
    const settings = { from: 'env', name: passwordEnv } as const;
    return { secret: await read(settings, output), value: { env: passwordEnv }, store: THERE };
  }
  if (passwordCredential !== undefined) {
    // It is there only when systemd starts the service.
    return { secret: new Secret(''), value: { credential: passwordCredential }, store: THERE };
  }
  const [line = ''] = (await readAll(process.stdin)).split(/\r?\n/, 1);
  if (line === '') {
    throw new MailError('usage', 'There was no password on standard input.', {
      hint: 'Give it in the first line: printf %s "$PASSWORD" | mailferry init --password-stdin …',
    });
  }
  return inFile(new Secret(line), { output, name });
}

/** Asks where a password that was typed is to be kept. */
export async function chooseKeeping(
  secret: Secret,
  { asker, output, name }: { asker: Asker; output: string; name: string },
): Promise<ChosenPassword> {
  const keeping = await asker.choose('Where shall the password be kept? Not in the configuration itself.', [
    { value: 'file', label: 'In a file that only you can read', hint: 'works everywhere' },
    {
      value: 'keyring',
      label: 'In the keyring of the desktop',
      hint: 'secret-tool; must be unlocked when mail is fetched',
    },
    { value: 'credential', label: 'As a systemd credential', hint: 'for a service of the system' },
  ]);
  if (keeping === 'keyring') {
    const store = async (stop: AbortSignal): Promise<string> => {
      await storeInKeyring(name, secret, stop);
      return 'The password is in the keyring.';
    };
    return { secret, value: { command: keyringCommand(name) }, store };
  }
  if (keeping === 'credential') {
    const credential = `mailferry-${name}`.replaceAll(/[^A-Za-z0-9._-]/g, '-');
    const say = `Store it once with: systemd-ask-password -n | systemd-creds encrypt --name=${credential} - /etc/credstore.encrypted/${credential}, and add LoadCredentialEncrypted=${credential} to the unit.`;
    return { secret, value: { credential }, store: () => Promise.resolve(say) };
  }
  return inFile(secret, { output, name });
}

function inFile(secret: Secret, { output, name }: { output: string; name: string }): ChosenPassword {
  const path = join(dirname(output), 'passwords', name);
  const store = async (): Promise<string> => {
    await writePrivateFile(path, `${secret.reveal()}\n`, systemRuntime);
    return `Wrote ${path} (mode 0600): the password.`;
  };
  return { secret, value: { file: `./passwords/${name}` }, store };
}

function read(settings: PasswordSettings, output: string): Promise<Secret> {
  const folder = dirname(output);
  const around = {
    env: process.env,
    // Its own folder, once it is there.
    folder: existsSync(folder) ? folder : process.cwd(),
    withheld: new Set<string>(),
    timeLimitMs: PASSWORD_COMMAND_MS,
  };
  return passwordSource(settings, around)();
}
