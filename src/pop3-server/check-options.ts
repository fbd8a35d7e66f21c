import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { checkFields, count, type Field, flag, isRecord, oneOf, positive, text, wholeFrom } from './field.ts';
import { NO_IDLE_DEADLINE_MS } from './limits.ts';
import type { ServerLimits, ServerOptions, ServerUser } from './options.ts';
import { PERSONALITIES } from './personalities/index.ts';
import { MAILFERRY } from './personality.ts';

const milliseconds = wholeFrom(0, NO_IDLE_DEADLINE_MS);
const port = wholeFrom(0, 65_535);
const object: Field = { fits: isRecord, expected: 'an object, { … }' };
const host: Field = {
  fits: (value) => typeof value === 'string' && value !== '',
  expected: 'the name or address of an interface of this machine',
};
const pem: Field = { fits: isTextOrOctets, expected: 'PEM, as a text or a Buffer' };
const keyPair: Field = {
  fits: (value) => isRecord(value) && pem.fits(value['key']) && pem.fits(value['cert']),
  expected: 'a key and its certificate in PEM, { key, cert }',
};
const names: Field = {
  fits: (value) => Array.isArray(value) && value.every(text.fits),
  expected: "a list of names such as ['UIDL', 'CAPA']",
};
const personality: Field = {
  fits: (value) =>
    typeof value === 'string'
      ? Object.hasOwn(PERSONALITIES, value)
      : isRecord(value) && Object.keys(MAILFERRY).every((name) => name in value),
  expected: `one of ${Object.keys(PERSONALITIES).join(', ')}, or an object like one of PERSONALITIES`,
};
const implementation: Field = {
  fits: (value) => typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,200}[\x21-\x7e])?$/.test(value),
  expected: 'one line of printable ASCII, up to 200 characters',
};
const callback: Field = { fits: (value) => typeof value === 'function', expected: 'a function' };

const OPTIONS: Readonly<Record<keyof ServerOptions, Field>> = {
  users: { fits: isRecord, expected: 'users by name, { alice: { password: … } }' },
  host,
  port,
  tls: keyPair,
  tlsPort: port,
  tlsHost: host,
  clientCa: pem,
  requireTls: flag,
  without: names,
  personality,
  implementation,
  loginDelay: count,
  expire: {
    fits: (value) => value === 'never' || count.fits(value),
    expected: 'a number of days, 0 or more, or "never"',
  },
  utf8: oneOf('off', 'lenient', 'strict'),
  faults: { fits: Array.isArray, expected: 'a list, [ … ]' },
  observe: callback,
  autologoutMs: wholeFrom(1, NO_IDLE_DEADLINE_MS),
  limits: object,
};

const LIMITS: Readonly<Record<keyof ServerLimits, Field>> = {
  connections: positive,
  connectionsPerAddress: positive,
  badCommands: positive,
  failedLogins: positive,
  failedLoginDelayMs: milliseconds,
};

const secret: Field = {
  fits: (value) => typeof value === 'string' || value instanceof Secret,
  expected: 'a text or a Secret',
};

const USER: Readonly<Record<keyof ServerUser, Field>> = {
  password: secret,
  token: secret,
  certificate: flag,
  messages: {
    fits: (value) =>
      typeof value === 'object' && value !== null && Symbol.iterator in value && !isOctets(value),
    expected: "a list of messages, each a text or octets: ['Subject: hi\\r\\n\\r\\nhi\\r\\n']",
  },
  maildrop: {
    fits: (value) => isRecord(value) && callback.fits(value['list']) && callback.fits(value['remove']),
    expected: 'a Maildrop, with the methods "list" and "remove"',
  },
};

/** Checks everything that a server is told before it begins; only faults have a check of their own. Raises `config`. */
export function checkOptions(options: ServerOptions): void {
  checkFields('', options, OPTIONS);
  const { users, limits = {}, tls, requireTls, tlsPort, clientCa }: Partial<ServerOptions> = options;
  if (users === undefined)
    throw new MailError('config', '"users" is missing.', {
      hint: 'Say who may log in: { alice: { password: … } }.',
    });
  for (const [name, user] of Object.entries(users)) checkFields(`users.${name}`, user, USER);
  checkFields('limits', limits, LIMITS);
  if (tls === undefined && (requireTls === true || tlsPort !== undefined || clientCa !== undefined)) {
    throw new MailError('config', 'TLS needs a key and a certificate.', { hint: 'Give them with "tls".' });
  }
}

/** The messages of a user, as a list. Raises `config` where one is neither text nor octets. */
export function messagesOf(
  name: string,
  messages: ServerUser['messages'] = [],
): readonly (Uint8Array | string)[] {
  const list = [...messages];
  const wrong = list.findIndex((message) => !isTextOrOctets(message));
  if (wrong < 0) return list;
  throw new MailError('config', `"users.${name}.messages[${wrong}]" must be a text or octets.`, {
    hint: "A message is one text with all its lines, for example 'Subject: hi\\r\\n\\r\\nhi\\r\\n'.",
  });
}

function isTextOrOctets(value: unknown): boolean {
  return typeof value === 'string' || isOctets(value);
}

function isOctets(value: unknown): boolean {
  return value instanceof Uint8Array;
}
