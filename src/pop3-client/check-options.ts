import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { MAX_TIMEOUT_MS } from '../wire/limits.ts';
import { parsePin } from '../wire/pin.ts';
import { AUTH_CHOICES, type ConnectOptions, type SessionOptions, TLS_MODES } from './options.ts';

const MAX_PORT = 65_535;

/**
 * Raises `config` for what the types cannot refuse, or JavaScript has passed by: unnoticed, a mistyped `tls` would mean
 * no TLS, and a timeout without an end would be over at once.
 */
export function checkOptions({ host, port, tls, timeouts = {}, pinSha256 }: ConnectOptions): void {
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

function checkNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw wrong(name, `a whole number from 1 to ${most}`, shown(value));
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw wrong(name, `one of ${choices.join(', ')}`, shown(value));
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'nothing';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function wrong(name: string, expected: string, found: string): MailError {
  return new MailError('config', `"${name}" must be ${expected}, not ${found}.`, {
    hint: 'Correct the options of the session.',
  });
}
