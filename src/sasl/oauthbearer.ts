import { BearerClient, type BearerMessage, bearerServer } from './bearer.ts';
import {
  assertWithout,
  type ClientExchange,
  type ClientMeans,
  type ServerExchange,
  type ServerMeans,
} from './exchange.ts';
import { escapeName, parseGs2Header } from './gs2.ts';

/** OAUTHBEARER (RFC 7628): an access token of OAuth 2. Shows the token to the line. */
export function oauthbearerClient({ user, secret }: ClientMeans): ClientExchange {
  const token = secret.reveal();
  // oxlint-disable-next-line no-control-regex -- \x01 ends a field
  assertWithout(/[\0-\x1f]/, user, token);
  return new BearerClient('OAUTHBEARER', {
    initial: Buffer.from(`n,a=${escapeName(user)},\x01auth=Bearer ${token}\x01\x01`),
    farewell: Buffer.from('\x01'),
  });
}

/** The server's side (RFC 7628 §3.2). */
export function oauthbearerServer(means: ServerMeans): ServerExchange {
  return bearerServer(means, { parse, refusal: { status: 'invalid_token' } });
}

/** RFC 7628 §3.1; keys that mean nothing to a bearer token (`host`, `port` and unknown ones) are passed over. */
function parse(message: string): BearerMessage | undefined {
  const header = parseGs2Header(message);
  if (header === undefined) return undefined;
  // oxlint-disable-next-line no-control-regex -- \x01 ends a field
  if (!/^\x01(?:[A-Za-z]+=[^\x01]*\x01)+\x01$/.test(header.rest)) return undefined;
  const fields = header.rest.split('\x01').filter((field) => field.startsWith('auth='));
  const token = /^auth=Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(fields[0] ?? '')?.[1];
  if (fields.length !== 1 || token === undefined || header.identity === undefined) return undefined;
  return { user: header.identity, token };
}
