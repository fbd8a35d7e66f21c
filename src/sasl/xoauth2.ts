import { BearerClient, type BearerMessage, bearerServer } from './bearer.ts';
import {
  assertWithout,
  type ClientExchange,
  type ClientMeans,
  type ServerExchange,
  type ServerMeans,
} from './exchange.ts';

/** XOAUTH2, as Google and Microsoft document it: an access token of OAuth 2. Shows the token to the line. */
export function xoauth2Client({ user, secret }: ClientMeans): ClientExchange {
  const token = secret.reveal();
  // oxlint-disable-next-line no-control-regex -- \x01 ends a field
  assertWithout(/[\0-\x1f]/, user, token);
  return new BearerClient('XOAUTH2', {
    initial: Buffer.from(`user=${user}\x01auth=Bearer ${token}\x01\x01`),
    farewell: Buffer.alloc(0),
  });
}

/** The server's side, which refuses as Google's does. */
export function xoauth2Server(means: ServerMeans): ServerExchange {
  return bearerServer(means, { parse, refusal: { status: '400', schemes: 'Bearer', scope: '' } });
}

function parse(message: string): BearerMessage | undefined {
  // oxlint-disable-next-line no-control-regex -- \x01 ends a field
  const [, user, token] = /^user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01$/i.exec(message) ?? [];
  return user === undefined || token === undefined ? undefined : { user, token };
}
