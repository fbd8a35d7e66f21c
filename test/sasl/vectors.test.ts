import { describe, expect, it } from 'vitest';
import type { ClientExchange, ServerExchange } from '../../src/sasl/exchange.ts';
import { MECHANISMS } from '../../src/sasl/mechanisms.ts';
import { prepared } from '../../src/sasl/prepare.ts';
import { deriveScramKeys } from '../../src/sasl/scram-keys.ts';
import { Secret } from '../../src/secret.ts';
import { serverMeans } from './both-sides.ts';

describe('the examples of the RFCs', () => {
  it('PLAIN: RFC 4616 §4', async () => {
    expect(await initialOf('PLAIN', 'tim', 'tanstaaftanstaaf')).toBe('\0tim\0tanstaaftanstaaf');
  });

  it('CRAM-MD5: RFC 2195 §3', async () => {
    const client = await clientOf('CRAM-MD5', 'tim', 'tanstaaftanstaaf');
    expect(client.initial).toBeUndefined();
    const answer = await client.respond(Buffer.from('<1896.697170952@postoffice.reston.mci.net>'));
    expect(answer.toString()).toBe('tim b913a602c7eda7a495b4e6e7334d3890');
  });

  // RFC 7628 §3.1 [bearer-message]
  it('OAUTHBEARER: RFC 7628 §4.1, without what means nothing to a bearer token', async () => {
    const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
    expect(await initialOf('OAUTHBEARER', 'user@example.com', token)).toBe(
      `n,a=user@example.com,\x01auth=Bearer ${token}\x01\x01`,
    );
  });

  // RFC 7628 §3.1 [keys-passed-over]
  it('OAUTHBEARER: RFC 7628 §4.1, as another client sends it', async () => {
    const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
    const message = `n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer ${token}\x01\x01`;
    const server = MECHANISMS.OAUTHBEARER.server(
      serverMeans({ verifyToken: (user, given) => user === 'user@example.com' && given === token }),
    );
    expect(await server.respond(Buffer.from(message))).toEqual({ kind: 'success', user: 'user@example.com' });
  });

  it('XOAUTH2: the page of Google', async () => {
    const token = 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg';
    expect(Buffer.from(await initialOf('XOAUTH2', 'someuser@example.com', token)).toString('base64')).toBe(
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==',
    );
  });

  it('EXTERNAL: RFC 4422 §A.3', async () => {
    expect(await initialOf('EXTERNAL', '', '')).toBe('');
    expect(await initialOf('EXTERNAL', 'fred@example.com', '')).toBe('fred@example.com');
  });

  const SCRAM = [
    {
      rfc: 'RFC 5802 §5',
      name: 'SCRAM-SHA-1',
      hash: 'sha1',
      clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
      serverNonce: '3rfcNHYJY1ZVvWVs7j',
      salt: 'QSXCR+Q6sek8bf92',
      proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    },
    {
      rfc: 'RFC 7677 §3',
      name: 'SCRAM-SHA-256',
      hash: 'sha256',
      clientNonce: 'rOprNGfwEbeRWgbNEkqO',
      serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
      proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    },
  ] as const;

  it.each(SCRAM)('$name: $rfc, both sides', async ({ name, hash, salt, ...example }) => {
    const { clientNonce, serverNonce, proof, signature } = example;
    const secret = new Secret('pencil');
    const client = await MECHANISMS[name].client({
      user: 'user',
      secret,
      runtime: { randomHex: () => clientNonce },
    });
    const keys = await deriveScramKeys(hash, secret, { salt: Buffer.from(salt, 'base64'), iterations: 4096 });
    const server = MECHANISMS[name].server({
      ...serverMeans({ scramKeysOf: () => keys }),
      runtime: { randomHex: () => serverNonce, now: () => 0, hostName: 'example.com' },
    });

    expect(client.initial?.toString()).toBe(`n,,n=user,r=${clientNonce}`);
    const first = await challengeOf(server, client.initial);
    expect(first.toString()).toBe(`r=${clientNonce}${serverNonce},s=${salt},i=4096`);
    const final = await client.respond(first);
    expect(final.toString()).toBe(`c=biws,r=${clientNonce}${serverNonce},p=${proof}`);
    expect(client.complete).toBe(false);
    const last = await challengeOf(server, final);
    expect(last.toString()).toBe(`v=${signature}`);
    expect((await client.respond(last)).length).toBe(0);
    expect(client.complete).toBe(true);
    expect(await server.respond(Buffer.alloc(0))).toEqual({ kind: 'success', user: 'user' });
  });

  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
  ])('SASLprep: RFC 4013 §3, %j', async (text, wanted) => {
    expect(await prepared(text)).toBe(wanted);
  });

  it('keep a password that SASLprep prohibits as it is', async () => {
    expect(await prepared('\u0007')).toBe('\u0007');
    expect(await prepared('\u0627\u0031')).toBe('\u0627\u0031');
  });
});

async function clientOf(
  name: keyof typeof MECHANISMS,
  user: string,
  password: string,
): Promise<ClientExchange> {
  return MECHANISMS[name].client({ user, secret: new Secret(password), runtime: { randomHex: () => 'abc' } });
}

async function initialOf(name: keyof typeof MECHANISMS, user: string, password: string): Promise<string> {
  return (await clientOf(name, user, password)).initial?.toString() ?? 'none';
}

async function challengeOf(server: ServerExchange, response: Buffer | undefined): Promise<Buffer> {
  const step = await server.respond(response);
  if (step.kind !== 'challenge') throw new Error(`no challenge but ${JSON.stringify(step)}`);
  return step.challenge;
}
