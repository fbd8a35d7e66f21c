import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { MAX_TIMEOUT_MS } from '../wire/limits.ts';
import { parsePin } from '../wire/pin.ts';
import { printable } from '../wire/text.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import type { Tunnel } from '../wire/tunnel.ts';
import {
  AUTH_CHOICES,
  type ConnectOptions,
  type SessionOptions,
  type SessionTimeouts,
  TLS_MODES,
} from './options.ts';

const MAX_PORT = 65_535;

type Names<T> = Readonly<Record<keyof T, true>>;

/** A session is opened with the options of `connect` as well, so that both take all of them. */
const OPTIONS: Names<SessionOptions> = {
  host: true,
  port: true,
  tls: true,
  user: true,
  password: true,
  auth: true,
  ca: true,
  serverName: true,
  pinSha256: true,
  clientCertificate: true,
  allowCleartext: true,
  proxy: true,
  tunnel: true,
  sourceAddress: true,
  language: true,
  timeouts: true,
  signal: true,
  transcript: true,
  watch: true,
  dial: true,
  ahead: true,
  expected: true,
};
const TIMEOUTS: Names<SessionTimeouts> = { connectMs: true, idleMs: true, loginReplyMs: true };
const CERTIFICATE: Names<ClientCertificate> = { cert: true, key: true };
const TUNNEL: Names<Tunnel> = { command: true, folder: true, env: true };

/**
 * Raises `config` for what the types cannot refuse, or JavaScript has passed by: unnoticed, a mistyped `tls` would mean
 * no TLS, a misspelt `pinSha256` no pin, and a timeout without an end would be over at once.
 */
export function checkOptions(options: ConnectOptions): void {
  checkNames('', options, OPTIONS);
  const { host, port, tls, timeouts = {}, pinSha256, clientCertificate = {}, tunnel = {} } = options;
  checkNames('timeouts', timeouts, TIMEOUTS);
  checkNames('clientCertificate', clientCertificate, CERTIFICATE);
  checkNames('tunnel', tunnel, TUNNEL);
  if (typeof host !== 'string' || host === '') throw wrong('host', 'a name or an address', shown(host));
  if (port !== undefined) checkNumber('port', port, MAX_PORT);
  if (tls !== undefined) checkChoice('tls', tls, TLS_MODES);
  if (pinSha256 !== undefined && parsePin(pinSha256) === undefined)
    throw wrong('pinSha256', '64 hexadecimal digits', shown(pinSha256));
  for (const [name, milliseconds] of Object.entries(timeouts)) {
    if (milliseconds !== undefined) checkNumber(`timeouts.${name}`, milliseconds, MAX_TIMEOUT_MS);
  }
}

/** The same of what only a login needs. */
export function checkLogin({ user, password, auth }: SessionOptions): void {
  if (auth !== undefined) checkChoice('auth', auth, AUTH_CHOICES);
  if (typeof user !== 'string') throw wrong('user', 'a text', shown(user));
  if (auth === 'external' || typeof password === 'string' || password instanceof Secret) return;
  // What it is must not be seen, whatever it is (I5).
  throw wrong('password', 'a text or a Secret', password === undefined ? 'nothing' : `a ${typeof password}`);
}

function checkNames(place: string, value: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(place === '' ? 'options' : place, 'an object, { … }', shown(value));
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const path = `${place}${place === '' ? '' : '.'}${printable(unknown, 40)}`;
  throw new MailError('config', `"${path}" is no option.`, {
    hint: `Known are ${Object.keys(known).join(', ')}.`,
  });
}

function checkNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw wrong(name, `a whole number from 1 to ${most}`, shown(value));
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw wrong(name, `one of ${choices.join(', ')}`, shown(value));
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'nothing';
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}

function wrong(name: string, expected: string, found: string): MailError {
  return new MailError('config', `"${name}" must be ${expected}, not ${found}.`, {
    hint: 'Correct the options of the session.',
  });
}
