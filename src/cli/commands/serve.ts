import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asMailError, MailError } from '../../errors.ts';
import {
  createServer,
  FilesMaildrop,
  type Pop3Server,
  parseFaults,
  type ServerUser,
} from '../../pop3-server/index.ts';
import type { CommandRun } from '../command.ts';
import { sampleMail } from '../demo/sample-mail.ts';
import { signalControl } from '../signals.ts';
import { processTerminal } from '../terminal.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServeOptions {
  readonly listen: Address;
  readonly tlsListen?: Address;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly maildrops?: string;
  readonly user: readonly string[];
  readonly faults?: string;
}

/** Guessing passwords must not be quick. */
const FAILED_LOGIN_DELAY_MS = 1000;

/** How much sample mail a user without a folder has. */
const SAMPLE_MESSAGES = 20;

/** `mailferry serve`: the included POP3 server, until a signal ends it. */
export const serve: CommandRun<ServeOptions> = async (options) => {
  using control = signalControl();
  await using server = await start(options);
  processTerminal().out(
    JSON.stringify({ ready: true, pop3: server.address, pop3s: server.tlsAddress ?? null, pid: process.pid }),
  );
  await new Promise<void>((resolve) => control.stop.addEventListener('abort', () => resolve()));
  return control.status ?? 0;
};

async function start(options: ServeOptions): Promise<Pop3Server> {
  const { listen, tlsListen, faults } = options;
  try {
    return await createServer({
      users: await users(options),
      ...listen,
      tls: await keyPair(options),
      tlsHost: tlsListen?.host,
      tlsPort: tlsListen?.port,
      limits: { failedLoginDelayMs: FAILED_LOGIN_DELAY_MS },
      faults: faults === undefined ? undefined : parseFaults(JSON.parse(await read(faults, '--faults'))),
    });
  } catch (error) {
    if (error instanceof SyntaxError)
      throw usage(`${faults} is not JSON: ${error.message}.`, 'Correct the file.');
    throw asMailError(error);
  }
}

async function users({ user, maildrops }: ServeOptions): Promise<Record<string, ServerUser>> {
  if (user.length === 0) {
    throw usage('No user is given.', 'Add one or more: --user alice:secret');
  }
  const found: [string, ServerUser][] = [];
  for (const text of user) {
    const colon = text.indexOf(':');
    if (colon < 1)
      throw usage(
        `"${text.slice(0, colon < 0 ? 40 : 0)}" is not NAME:PASSWORD.`,
        'For example: --user alice:secret',
      );
    const name = text.slice(0, colon);
    const password = text.slice(colon + 1);
    found.push([
      name,
      maildrops === undefined
        ? { password, messages: sampleMail(SAMPLE_MESSAGES) }
        : { password, maildrop: new FilesMaildrop(await folderOf(maildrops, name)) },
    ]);
  }
  return Object.fromEntries(found);
}

async function folderOf(maildrops: string, name: string): Promise<string> {
  if (/[/\\\0]|^\.\.?$/.test(name))
    throw usage(`The user name "${name}" cannot be a folder.`, 'Choose another name.');
  const folder = join(maildrops, name);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw usage(`There is no folder ${folder}.`, `Create it, with .eml files in it: mkdir -p ${folder}`);
  return folder;
}

async function keyPair({
  tlsCert,
  tlsKey,
  tlsListen,
}: ServeOptions): Promise<{ key: string; cert: string } | undefined> {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return { cert: await read(tlsCert, '--tls-cert'), key: await read(tlsKey, '--tls-key') };
  }
  if (tlsCert === undefined && tlsKey === undefined && tlsListen === undefined) return undefined;
  throw usage(
    'TLS needs both --tls-cert and --tls-key.',
    'A pair for tests: openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem',
  );
}

async function read(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw usage(`${option} cannot be read: ${text}.`, 'Check the path.');
  }
}

function usage(message: string, hint: string): MailError {
  return new MailError('usage', message, { hint });
}
