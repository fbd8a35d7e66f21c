import { MailError } from '../errors.ts';
import type { Mechanism } from './choose-mechanism.ts';
import { type AuthChoice, SASL_CHOICES, type TlsMode } from './options.ts';

/** What a `pop://` URL says (RFC 2384), as options of a session. Only `pops://` says how the line is protected. */
export interface PopUrl {
  /** A name, or an address without brackets. */
  readonly host: string;
  /** Where it is not the default one of `tls`. */
  readonly port?: number;
  /** `implicit` for `pops://`. */
  readonly tls?: TlsMode;
  /** The name to log in with, decoded. */
  readonly user?: string;
  /** What `;AUTH=` says. */
  readonly auth?: AuthChoice;
}

/** The names of RFC 2384 §4 for what is not SASL, and those of SASL (RFC 5034), as `auth` has them. */
const MECHANISM_NAMES: Readonly<Record<string, Mechanism>> = {
  '+APOP': 'apop',
  '+USER': 'user-pass',
  ...Object.fromEntries(SASL_CHOICES.map((choice) => [choice.toUpperCase(), choice])),
};

/**
 * Reads `pop://USER;AUTH=MECHANISM@HOST:PORT` (RFC 2384 §4), of which all but the host may be missing, or the same
 * with `pops://`, which stands for TLS from the first octet. Raises `config`; a password in it is refused, and never
 * shown (I5).
 */
export function parsePopUrl(text: string): PopUrl {
  const parts = /^(pops?):\/\/(?:([^@/]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:/?#[\]@]+)(?::(\d*))?\/?$/i.exec(text);
  if (parts === null) throw noUrl('it does not have that form');
  const [, scheme = '', identity, host = '', digits = ''] = parts;
  const name = decoded(host.replace(/^\[|\]$/g, ''));
  if (!/^[\p{L}\p{N}._:-]+$/u.test(name)) throw noUrl('its host is no name or address');
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) throw noUrl('there is no such port');
  return {
    host: name,
    ...(port === undefined ? {} : { port }),
    ...(scheme.toLowerCase() === 'pops' ? { tls: 'implicit' } : {}),
    ...(identity === undefined ? {} : parseIdentity(identity)),
  };
}

function parseIdentity(identity: string): Pick<PopUrl, 'user' | 'auth'> {
  const [name = '', ...parameters] = identity.split(';');
  if (name.includes(':')) throw noUrl('a password has no place in it');
  const [parameter, ...more] = parameters;
  if (more.length > 0) throw noUrl('more than one parameter follows the user');
  const user = decoded(name);
  return {
    ...(user === '' ? {} : { user }),
    ...(parameter === undefined ? {} : { auth: parseAuth(parameter) }),
  };
}

function parseAuth(parameter: string): AuthChoice {
  const [, written] = /^AUTH=(.+)$/i.exec(parameter) ?? [];
  if (written === undefined) throw noUrl('what follows the user is not ;AUTH=');
  const name = decoded(written).toUpperCase();
  if (name === '*') return 'auto';
  const mechanism = Object.hasOwn(MECHANISM_NAMES, name) ? MECHANISM_NAMES[name] : undefined;
  if (mechanism !== undefined) return mechanism;
  throw noUrl(`its mechanism is none of *, ${Object.keys(MECHANISM_NAMES).join(', ')}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw noUrl('a % in it is not followed by two hexadecimal digits');
  }
}

function noUrl(why: string): MailError {
  return new MailError('config', `The POP URL cannot be used: ${why}.`, {
    hint: 'Write pops://USER@HOST, pop://USER;AUTH=MECHANISM@HOST:PORT or less; an @ in the user is %40.',
  });
}
