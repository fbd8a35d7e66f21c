import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asMailError, MailError, messageOf } from '../../errors.ts';
import {
  createServer,
  FilesMaildrop,
  type PersonalityName,
  type Pop3Server,
  parseFaults,
  type ServerOptions,
  type ServerUser,
} from '../../pop3-server/index.ts';
import type { CommandRun, GlobalOptions } from '../command.ts';
import { sampleMail } from '../demo/sample-mail.ts';
import { serverLog } from '../server-log.ts';
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
  readonly tlsClientCa?: string;
  readonly requireTls?: boolean;
  readonly maildrops?: string;
  readonly user: readonly string[];
  readonly users?: string;
  readonly token: readonly string[];
  readonly personality?: PersonalityName;
  readonly autologout?: number;
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

async function start(options: ServeOptions & GlobalOptions): Promise<Pop3Server> {
  const { listen, tlsListen, requireTls, personality, autologout } = options;
  try {
    return await createServer({
      users: await users(options),
      ...listen,
      ...(await tlsOptions(options)),
      tlsHost: tlsListen?.host,
      tlsPort: tlsListen?.port,
      requireTls,
      personality,
      autologoutMs: autologout,
      limits: { failedLoginDelayMs: FAILED_LOGIN_DELAY_MS },
      faults: await faults(options),
      observe: await serverLog(options),
    });
  } catch (error) {
    throw asMailError(error);
  }
}

async function users(options: ServeOptions): Promise<Record<string, ServerUser>> {
  const proofs = new Map<string, Pick<ServerUser, 'password' | 'token'>>();
  const listed = options.users === undefined ? [] : linesOf(await read(options.users, '--users'));
  for (const text of [...listed, ...options.user]) {
    const [name, password] = pair(text, 'NAME:PASSWORD', '--user alice:secret');
    proofs.set(name, { password });
  }
  for (const text of options.token) {
    const [name, token] = pair(text, 'NAME:TOKEN', '--token alice:ya29.token');
    proofs.set(name, { ...proofs.get(name), token });
  }
  if (proofs.size === 0) throw usage('No user is given.', 'Add one or more: --user alice:secret');
  // A certificate counts for whoever it names, as a password counts for whoever has it.
  const certificate = options.tlsClientCa !== undefined;
  const found: Record<string, ServerUser> = {};
  for (const [name, proof] of proofs)
    found[name] = { ...proof, certificate, ...(await mailOf(name, options)) };
  return found;
}

async function mailOf(
  name: string,
  { maildrops }: ServeOptions,
): Promise<Pick<ServerUser, 'messages' | 'maildrop'>> {
  if (maildrops === undefined) return { messages: sampleMail(SAMPLE_MESSAGES) };
  return { maildrop: new FilesMaildrop(await folderOf(maildrops, name)) };
}

function pair(text: string, form: string, example: string): readonly [string, string] {
  const colon = text.indexOf(':');
  if (colon >= 1) return [text.slice(0, colon), text.slice(colon + 1)];
  throw usage(`"${text.slice(0, colon < 0 ? 40 : 0)}" is not ${form}.`, `For example: ${example}`);
}

/** One user a line; `#` begins a comment line. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
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

async function tlsOptions({
  tlsCert,
  tlsKey,
  tlsListen,
  tlsClientCa,
  requireTls = false,
}: ServeOptions): Promise<Pick<ServerOptions, 'tls' | 'clientCa'>> {
  const clientCa = tlsClientCa === undefined ? undefined : await read(tlsClientCa, '--tls-client-ca');
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const tls = { cert: await read(tlsCert, '--tls-cert'), key: await read(tlsKey, '--tls-key') };
    return { tls, clientCa };
  }
  const wanted = [tlsCert, tlsKey, tlsListen, clientCa].some((option) => option !== undefined) || requireTls;
  if (!wanted) return {};
  throw usage(
    'TLS needs both --tls-cert and --tls-key.',
    'A pair for tests: openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem',
  );
}

async function faults(options: ServeOptions): Promise<ServerOptions['faults']> {
  if (options.faults === undefined) return undefined;
  const text = await read(options.faults, '--faults');
  try {
    return parseFaults(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usage(`${options.faults} is not JSON: ${error.message}.`, 'Correct the file.');
  }
}

async function read(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw usage(`${option} cannot be read: ${messageOf(error)}.`, 'Check the path.');
  }
}

function usage(message: string, hint: string): MailError {
  return new MailError('usage', message, { hint });
}
