import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { mayBeHost } from '../wire/address.ts';
import { MAX_TIMEOUT_MS } from '../wire/limits.ts';
import { parsePin } from '../wire/pin.ts';
import { printable } from '../wire/text.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import type { Tunnel } from '../wire/tunnel.ts';
import type { Mechanism } from './choose-mechanism.ts';
import {
  AUTH_CHOICES,
  type ConnectOptions,
  type SessionOptions,
  type SessionTimeouts,
  type SessionWatch,
  TLS_MODES,
} from './options.ts';

const MAX_PORT = 65_535;

/** What an option may hold; `expected` completes "… must be". */
interface Rule {
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
  /** True where it may be or hold a secret, and so must not be seen in an error (I5). */
  readonly isPrivate?: boolean;
}

type Rules<T> = Readonly<Record<keyof T, Rule>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isRecord = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOfTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** What the login checks, or what has rules of its own. */
const any: Rule = { fits: () => true, expected: '' };
const text: Rule = { fits: isText, expected: 'a text' };
const flag: Rule = { fits: (value) => typeof value === 'boolean', expected: 'true or false' };
const callback: Rule = { fits: (value) => typeof value === 'function', expected: 'a function' };
const object: Rule = { fits: isRecord, expected: 'an object, { … }' };
const secret: Rule = {
  fits: (value) => isText(value) || value instanceof Secret,
  expected: 'a text or a Secret',
  isPrivate: true,
};

function wholeUpTo(most: number): Rule {
  const fits = (value: unknown): boolean =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
  return { fits, expected: `a whole number from 1 to ${most}` };
}

function oneOf(choices: readonly string[]): Rule {
  return {
    fits: (value) => isText(value) && choices.includes(value),
    expected: `one of ${choices.join(', ')}`,
  };
}

/** A session is opened with the options of `connect` as well, so that both take all of them. */
const OPTIONS: Rules<SessionOptions> = {
  host: { fits: (value) => isText(value) && mayBeHost(value), expected: 'a name or an address' },
  port: wholeUpTo(MAX_PORT),
  tls: oneOf(TLS_MODES),
  user: any,
  password: any,
  auth: any,
  ca: {
    fits: isListOfTexts,
    expected: "a list of texts in PEM: [readFileSync('ca.pem', 'utf8')]",
    isPrivate: true,
  },
  serverName: text,
  pinSha256: {
    fits: (value) => isText(value) && parsePin(value) !== undefined,
    expected: '64 hexadecimal digits',
  },
  clientCertificate: object,
  allowCleartext: flag,
  proxy: secret,
  tunnel: object,
  sourceAddress: {
    fits: (value) => isText(value) && /^[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*(?:%[\w.-]+)?$/.test(value),
    expected: 'an address of this machine',
  },
  language: {
    fits: (value) => isText(value) && /^[\w*-]+$/.test(value),
    expected: 'a language tag such as "de"',
  },
  timeouts: object,
  signal: {
    fits: (value) =>
      typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
    expected: 'an AbortSignal',
  },
  transcript: callback,
  watch: { fits: isWatch, expected: 'an object with functions, { greeted, secured }' },
  dial: callback,
  ahead: flag,
  expected: {
    fits: (value) => value instanceof Map,
    expected: 'what "announced" of an earlier session holds',
  },
};
const milliseconds = wholeUpTo(MAX_TIMEOUT_MS);
const TIMEOUTS: Rules<SessionTimeouts> = {
  connectMs: milliseconds,
  idleMs: milliseconds,
  loginReplyMs: milliseconds,
};
const CERTIFICATE: Rules<ClientCertificate> = {
  cert: { fits: isText, expected: 'a certificate in PEM', isPrivate: true },
  key: {
    fits: (value) => value instanceof Secret,
    expected: 'a Secret that holds the key in PEM',
    isPrivate: true,
  },
};
const TUNNEL: Rules<Tunnel> = {
  command: {
    fits: (value) => (isText(value) ? value !== '' : isListOfTexts(value) && String(value) !== ''),
    expected: 'a command, as a text or a list of texts',
    isPrivate: true,
  },
  folder: text,
  env: { ...object, isPrivate: true },
};

/**
 * Raises `config` for what the types cannot refuse, or a caller in JavaScript got past them. Unnoticed, a mistyped `tls`
 * would mean no TLS, a misspelt `pinSha256` no pin, and an endless timeout one that is over at once.
 */
export function checkOptions(options: ConnectOptions): void {
  checkRules('', options, OPTIONS, ['host']);
  const { timeouts, clientCertificate, tunnel } = options;
  if (timeouts !== undefined) checkRules('timeouts', timeouts, TIMEOUTS);
  if (clientCertificate !== undefined)
    checkRules('clientCertificate', clientCertificate, CERTIFICATE, ['cert', 'key']);
  if (tunnel !== undefined) checkRules('tunnel', tunnel, TUNNEL, ['command']);
}

const MECHANISMS = AUTH_CHOICES.filter((choice) => choice !== 'auto');

/** The same of what only a login needs. */
export function checkLogin({ user, password, auth }: SessionOptions): void {
  if (auth !== undefined) checkChoice('auth', auth, AUTH_CHOICES);
  checkIdentity({ user, password, auth });
}

/** The same of one login, by a mechanism that was chosen: one that is none would be taken for USER and PASS. */
export function checkAttempt(attempt: {
  readonly mechanism: Mechanism;
  readonly user: string;
  readonly password: Secret | string;
}): void {
  checkChoice('mechanism', attempt.mechanism, MECHANISMS);
  checkIdentity({ ...attempt, auth: attempt.mechanism });
}

function checkIdentity({ user, password, auth }: Pick<SessionOptions, 'user' | 'password' | 'auth'>): void {
  if (typeof user !== 'string') throw wrong('user', 'a text', shown(user));
  if (auth === 'external' || typeof password === 'string' || password instanceof Secret) return;
  // What it is must not be seen, whatever it is (I5).
  throw wrong('password', 'a text or a Secret', kindOf(password));
}

/** It may be more than that: whoever watches may be an object of a class. */
function isWatch(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { greeted, secured } = value as { readonly [Name in keyof SessionWatch]?: unknown };
  return [greeted, secured].every((listener) => listener === undefined || typeof listener === 'function');
}

/** Every option of `value` is known and holds what it may; those of `needed` are there. */
function checkRules(
  place: string,
  value: unknown,
  rules: Readonly<Record<string, Rule>>,
  needed: readonly string[] = [],
): void {
  if (!isRecord(value)) throw wrong(place === '' ? 'options' : place, 'an object, { … }', shown(value));
  const given = new Map<string, unknown>(Object.entries(value as object));
  const pathOf = (name: string): string => `${place}${place === '' ? '' : '.'}${printable(name, 40)}`;
  const unknown = [...given.keys()].find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) {
    throw new MailError('config', `"${pathOf(unknown)}" is no option.`, {
      hint: `Known are ${Object.keys(rules).join(', ')}.`,
    });
  }
  for (const [name, { fits, expected, isPrivate }] of Object.entries(rules)) {
    const content = given.get(name);
    if ((content === undefined && !needed.includes(name)) || fits(content)) continue;
    throw wrong(pathOf(name), expected, isPrivate === true ? kindOf(content) : shown(content));
  }
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw wrong(name, `one of ${choices.join(', ')}`, shown(value));
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'nothing';
  if (typeof value === 'number') return String(value);
  return isText(value) ? `"${printable(value, 80)}"` : kindOf(value);
}

/** What a value is, where it must not be seen. */
function kindOf(value: unknown): string {
  if (value === undefined || value === '') return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'such a list';
  const kind = typeof value;
  return kind === 'object' ? 'such an object' : `a ${kind}`;
}

function wrong(name: string, expected: string, found: string): MailError {
  return new MailError('config', `"${name}" must be ${expected}, not ${found}.`, {
    hint: 'Correct the options of the session.',
  });
}
