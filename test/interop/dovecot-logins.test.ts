import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AuthChoice,
  connect,
  openSession,
  Secret,
  type SessionOptions,
  type TlsMode,
} from '../../src/pop3-client/index.ts';
import { AUTH_CHOICES } from '../../src/pop3-client/options.ts';
import { authority, certificate } from '../support/certificates.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { findProgram, requirePrograms } from '../support/programs.ts';
import { signedToken } from '../support/token.ts';

/** Every way to log in that Dovecot has, on every line: one test for each cell. */

/** The common name in the certificates of the tests, which Dovecot takes for the user. */
const USER = 'Test';
const PASSWORD = 'correct horse, battery=staple';
const TOKEN_SECRET = 'only the test knows this';
const LINES: readonly TlsMode[] = ['none', 'starttls', 'implicit'];

const MECHANISMS = AUTH_CHOICES.filter((choice) => choice !== 'auto');

let dovecot: Dovecot;

beforeEach(requirePrograms('dovecot', 'openssl'));

beforeAll(async () => {
  if (findProgram('dovecot') === undefined || findProgram('openssl') === undefined) return;
  dovecot = await startDovecot({
    users: { [USER]: { password: PASSWORD, messages: [Buffer.from('Subject: one\r\n\r\ntext\r\n')] } },
    tls: certificate(),
    mechanisms: MECHANISMS.filter((name) => name !== 'user-pass'),
    clientAuthority: authority().cert,
    tokenSecret: TOKEN_SECRET,
  });
});

afterAll(() => dovecot?.[Symbol.asyncDispose]());

function options(tls: TlsMode, auth: AuthChoice, more: Partial<SessionOptions> = {}): SessionOptions {
  const { cert, key } = certificate({ names: ['client.example'] });
  return {
    host: dovecot.host,
    port: tls === 'implicit' ? dovecot.ports.tls : dovecot.ports.plain,
    tls,
    ca: [authority().cert],
    user: USER,
    password: auth === 'xoauth2' || auth === 'oauthbearer' ? signedToken(USER, TOKEN_SECRET) : PASSWORD,
    auth,
    ...(auth === 'external' ? { clientCertificate: { cert, key: new Secret(key) } } : {}),
    ...more,
  };
}

describe.each(LINES)('on a line with TLS: %s', (tls) => {
  test.each(MECHANISMS.filter((auth) => auth !== 'external' || tls !== 'none'))(
    'logs in by %s',
    async (auth) => {
      const session = await openSession(options(tls, auth));
      expect(await session.stat()).toEqual({ messages: 1, octets: 22 });
      await session.quit();
    },
  );

  test.each(MECHANISMS.filter((auth) => auth !== 'external'))(
    'is refused by %s with the wrong password',
    async (auth) => {
      const password =
        auth.includes('oauth') || auth === 'oauthbearer' ? signedToken(USER, 'somebody else') : 'wrong';
      const failure = openSession(options(tls, auth, { password }));
      await expect(failure).rejects.toMatchObject({
        code: 'login-refused',
        hint: expect.any(String) as string,
      });
    },
  );

  test('takes the strongest by itself', async () => {
    const said: string[] = [];
    const transcript = (side: string, line: string): number => said.push(`${side} ${line}`);
    const session = await openSession(options(tls, 'auto', { transcript }));
    await session.quit();
    expect(said.join('\n')).toContain('sent AUTH SCRAM-SHA-256 ***');
  });
});

test('may try again in the same session after a refusal', async () => {
  const authorization = await connect(options('none', 'plain'));
  await authorization.capa();
  await expect(authorization.login('scram-sha-1', USER, 'wrong')).rejects.toMatchObject({
    code: 'login-refused',
  });
  await expect(authorization.login('cram-md5', USER, 'wrong')).rejects.toMatchObject({
    code: 'login-refused',
  });
  const session = await authorization.login('plain', USER, PASSWORD);
  expect(session.broken).toBeUndefined();
  await session.quit();
});

test('without a certificate, EXTERNAL is refused', async () => {
  const failure = openSession(options('implicit', 'external', { clientCertificate: undefined }));
  await expect(failure).rejects.toMatchObject({
    code: 'login-refused',
    hint: expect.stringContaining('clientCertificate') as string,
  });
});

test('a password outside ASCII is one by SCRAM and by PLAIN', async () => {
  const password = 'Paßwort→日本';
  await using other = await startDovecot({
    users: { ben: { password } },
    mechanisms: ['plain', 'scram-sha-1', 'scram-sha-256'],
  });
  for (const auth of ['plain', 'user-pass', 'scram-sha-1', 'scram-sha-256'] as const) {
    const { host, ports } = other;
    const session = await openSession({ host, port: ports.plain, tls: 'none', user: 'ben', password, auth });
    expect(await session.list()).toEqual([]);
    await session.quit();
  }
});
