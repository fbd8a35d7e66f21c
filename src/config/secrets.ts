import { join } from 'node:path';
import { MailError } from '../errors.ts';
import { Secret, withoutSecrets } from '../secret.ts';
import { throwIfStopped } from '../wire/deadline.ts';
import { endingText, runProgram, wentWell } from '../wire/run-program.ts';
import { printable } from '../wire/text.ts';
import { netrcPassword } from './netrc.ts';
import type { Environment } from './places.ts';
import type { PasswordSettings } from './settings.ts';
import { formatMode, isOpenToOthers, readSmallFile, UnreadableError } from './small-file.ts';

/** What a password may depend on. */
export interface SecretSurroundings {
  /** Read anew at each use. */
  readonly env: Environment;
  /** Absolute path of the folder that commands work in: that of the configuration. */
  readonly folder: string;
  /** Environment variables that hold passwords of any account; no command gets them. */
  readonly withheld: ReadonlySet<string>;
  /** How long a command may take, in milliseconds. */
  readonly timeLimitMs: number;
  /** What messages call it. Default: a password. */
  readonly kind?: SecretKind | undefined;
}

/** What is kept secret: whoever knows the URL of a hook can use it. */
export type SecretKind = 'password' | 'URL' | 'token';

/** A password command may ask an agent or a network, but not a human. */
export const PASSWORD_COMMAND_MS = 30_000;

/** More than any password. */
const MAX_SECRET_OCTETS = 65_536;

/**
 * A function that fetches the password anew at each call, so that a changed one is picked up without a restart. It
 * raises a `MailError` of code `secret-unavailable`, or of `aborted` where its signal ends a command that it waits for; no
 * message of it ever holds what was read (I5). Paths in `settings` must be absolute.
 */
export function passwordSource(
  settings: PasswordSettings,
  around: SecretSurroundings,
): (signal?: AbortSignal) => Promise<Secret> {
  const { env, kind = 'password' } = around;
  return async (signal) => {
    if (settings.from === 'text') return settings.value;
    if (settings.from === 'env') return fromEnvironment(settings.name, env, kind);
    if (settings.from === 'file') return fromFile(settings.path, env, kind);
    if (settings.from === 'credential') return fromCredential(settings.name, env, kind);
    if (settings.from === 'netrc') return fromNetrc(settings, env);
    return asSecret(await runCommand(settings.command, around, signal), `The ${kind} command`, kind);
  };
}

/** With absolute paths, and the entry of a netrc file that is meant where nothing says so. */
export function completedSource(
  settings: PasswordSettings,
  { host, user, absolute }: { host: string; user: string; absolute: (path: string) => string },
): PasswordSettings {
  if (settings.from === 'file') return { ...settings, path: absolute(settings.path) };
  if (settings.from !== 'netrc') return settings;
  return { ...settings, path: absolute(settings.path), machine: settings.machine ?? host, login: user };
}

function fromEnvironment(name: string, env: Environment, kind: SecretKind): Secret {
  const value = env[name];
  if (value === undefined || value === '') {
    throw unavailable(
      `The environment variable ${name}, which should hold the ${kind}, is ${value === '' ? 'empty' : 'not set'}.`,
      `Set it where Mailferry is started, or take the ${kind} from a file or a command.`,
    );
  }
  return checked(value, `The environment variable ${name}`, kind);
}

async function fromFile(path: string, env: Environment, kind: SecretKind): Promise<Secret> {
  const file = `The ${kind} file ${path}`;
  return asSecret(withoutLineEnd(await readPrivately(path, env, file)), file, kind);
}

async function fromNetrc(
  { path, machine = '', login = '' }: Extract<PasswordSettings, { from: 'netrc' }>,
  env: Environment,
): Promise<Secret> {
  const text = (await readPrivately(path, env, `The password file ${path}`)).toString();
  const password = netrcPassword(text, { machine, login });
  if (password === undefined) {
    throw unavailable(
      `${path} has no entry for machine ${machine} and login ${login}.`,
      `Add: machine ${machine} login ${login} password …`,
    );
  }
  return asSecret(Buffer.from(password), `The entry for ${machine} in ${path}`, 'password');
}

/** `file`: what messages call it. */
async function readPrivately(path: string, env: Environment, file: string): Promise<Buffer> {
  const { content, mode } = await read(path, file);
  if (await isOpenToOthers(path, mode, env)) {
    throw unavailable(
      `${file} can be read by other users (mode ${formatMode(mode)}).`,
      `Run: chmod 600 ${path}`,
    );
  }
  return content;
}

async function fromCredential(name: string, env: Environment, kind: SecretKind): Promise<Secret> {
  const folder = env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || folder === '') {
    throw unavailable(
      `The ${kind} is the credential "${name}", but $CREDENTIALS_DIRECTORY is not set.`,
      `Run Mailferry as a systemd service with LoadCredential=${name}:… in its unit, or use { file: … }.`,
    );
  }
  const path = join(folder, name);
  const { content } = await read(path, `The ${kind} file ${path}`);
  return asSecret(withoutLineEnd(content), `The credential "${name}"`, kind);
}

async function read(
  path: string,
  file: string,
): Promise<{ readonly content: Buffer; readonly mode: number }> {
  try {
    return await readSmallFile(path, MAX_SECRET_OCTETS);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableError)) throw thrown;
    throw unavailable(
      `${file} cannot be read: ${thrown.message}.`,
      'Check the path, and that the user who runs Mailferry may read it.',
    );
  }
}

/** Editors and `echo` end a line; a password does not include that. */
function withoutLineEnd(content: Buffer): Buffer {
  if (content.at(-1) !== 0x0a) return content;
  return content.subarray(0, content.at(-2) === 0x0d ? -2 : -1);
}

function asSecret(octets: Buffer, source: string, kind: SecretKind): Secret {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    throw unavailable(`${source} gave something that is not UTF-8 text.`, `Store the ${kind} as UTF-8 text.`);
  }
  if (text === '') {
    throw unavailable(`${source} gave an empty ${kind}.`, `Store the ${kind} in its first line.`);
  }
  return checked(text, source, kind);
}

/** POP3 commands end at CR LF, and PLAIN separates by NUL (RFC 1939 §3, RFC 4616 §2). */
function checked(text: string, source: string, kind: SecretKind): Secret {
  if (/[\r\n\0]/.test(text)) {
    throw unavailable(
      `${source} gave more than one line, or a NUL character.`,
      `A ${kind} is one line; leave everything else out.`,
    );
  }
  return new Secret(text);
}

function unavailable(message: string, hint: string): MailError {
  return new MailError('secret-unavailable', message, { hint });
}

/**
 * Runs a command and returns the first line that it prints on stdout, without its end. Text goes through
 * `/bin/sh -c`, a list is a program and its arguments. It has no stdin and no terminal, and gets our environment
 * without the passwords in it. Raises a `PasswordCommandError`, which never holds stdout or the command, which may hold a
 * password itself (I5).
 */
async function runCommand(
  command: string | readonly string[],
  around: SecretSurroundings,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  throwIfStopped(signal);
  const { kind = 'password', folder, env, withheld, timeLimitMs: limitMs } = around;
  let printed: Buffer = Buffer.alloc(0);
  const ending = await runProgram({
    command,
    folder,
    env: withoutSecrets(env, withheld),
    input: '',
    limitMs,
    hears: 'errors',
    onOutput: (block) => {
      printed = Buffer.concat([printed, block]).subarray(0, MAX_SECRET_OCTETS);
    },
    stop: signal,
    farewellMs: 0,
  });
  throwIfStopped(signal);
  const { said } = ending;
  if (!wentWell(ending)) throw failed(kind, `${endingText(ending, limitMs)}.`, said);
  const end = printed.indexOf(0x0a);
  if (end === -1 && printed.length === MAX_SECRET_OCTETS) {
    throw failed(kind, 'printed too long a line.');
  }
  const line = withoutLineEnd(end === -1 ? printed : printed.subarray(0, end + 1));
  if (line.length === 0 && said !== '') throw failed(kind, `printed no ${kind}.`, said);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function failed(kind: SecretKind, what: string, said = ''): MailError {
  return new PasswordCommandError(kind, `The ${kind} command ${what}`, said);
}

/**
 * A password command has failed. What it said on stderr may be anything, also the password; so it is for whoever stands
 * before the screen, and in nothing that is kept: a report, the ledger, a log, a notice (I5).
 */
export class PasswordCommandError extends MailError {
  readonly #said: string;
  readonly #byHand: string;

  /** `said` is the text of stderr. */
  constructor(kind: SecretKind, message: string, said: string) {
    const byHand = `Run it by hand as the user who runs Mailferry; it must print the ${kind} in its first line, without asking.`;
    const more = said === '' ? '' : ' What it said is not kept; `mailferry doctor` shows it.';
    super('secret-unavailable', message, { hint: `${byHand}${more}` });
    this.#said = said;
    this.#byHand = byHand;
  }

  /** What it said on stderr, as it may be shown; empty when it said nothing. */
  get said(): string {
    return printable(this.#said);
  }

  /** The same error with what the command said. */
  get quoting(): MailError {
    const message = this.said === '' ? this.message : `${this.message} It said: ${this.said}`;
    return new MailError(this.code, message, { hint: this.#byHand, cause: this });
  }
}
