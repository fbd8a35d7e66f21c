import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';

/** A proxy that connects for us: SOCKS 5 (RFC 1928) or HTTP with CONNECT (RFC 9110 §9.3.6). */
export interface Proxy {
  readonly kind: 'socks5' | 'http';
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
}

const KINDS: Readonly<Record<string, { readonly kind: Proxy['kind']; readonly port: number }>> = {
  'socks5:': { kind: 'socks5', port: 1080 },
  'socks5h:': { kind: 'socks5', port: 1080 },
  'http:': { kind: 'http', port: 80 },
};

/**
 * Reads `socks5://` or `http://`, with user and password percent-encoded where there are any. Host names are always
 * looked up by the proxy, so that `socks5h` is the same. Raises `config`; the text is never shown, since it may hold a
 * password (I5).
 */
export function parseProxyUrl(text: string): Proxy {
  const known = KINDS[/^[a-z0-9]+:(?=\/\/)/i.exec(text)?.[0].toLowerCase() ?? ''];
  if (known === undefined) throw noProxy('it begins with neither socks5:// nor http://');
  const port = Number(/:(\d+)\/?$/.exec(text)?.[1] ?? known.port);
  if (port < 1 || port > 65_535) throw noProxy('its port is not one from 1 to 65535');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw noProxy('it is not written as a URL is');
  if (url.hostname === '') throw noProxy('it names no host');
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw noProxy('something follows the host and port');
  }
  const [user, password] = [url.username, url.password].map(decoded);
  return {
    kind: known.kind,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    user: user === '' ? undefined : user,
    password: password === undefined || password === '' ? undefined : new Secret(password),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw noProxy('a % in it is not followed by two hexadecimal digits');
  }
}

function noProxy(why: string): MailError {
  return new MailError('config', `The URL of the proxy cannot be used: ${why}.`, {
    hint: 'Write socks5://HOST:PORT or http://HOST:PORT, with USER:PASSWORD@ before the host where it wants them.',
  });
}
