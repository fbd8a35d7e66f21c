import { createHmac } from 'node:crypto';
import { systemRuntime } from '../../src/runtime.ts';

/** A token (JWT, HS256) as an OAuth server would sign it for that user. */
export function signedToken(sub: string, secret: string): string {
  const now = Math.floor(systemRuntime.now() / 1000);
  const claims = { sub, iat: now - 60, nbf: now - 60, exp: now + 3600 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
