import { expect, test } from 'vitest';
import {
  connect,
  openSession,
  type SessionOptions,
  type TlsMode,
  type Transaction,
} from '../../src/pop3-client/index.ts';
import { createServer, type ServerOptions } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { number, octetsOf, type Served, sessionSuite } from './session.suite.ts';

async function serve(
  messages: readonly Buffer[],
  tls: TlsMode,
  more: Partial<SessionOptions> & Partial<ServerOptions>,
): Promise<Served> {
  const server = await createServer({
    users: { alice: { password: 'open sesame', messages } },
    ...(tls === 'none' ? {} : { tls: certificate(), tlsPort: 0 }),
    without: more.without,
  });
  const { host, port } = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
  const { auth } = more;
  return {
    options: { host, port, tls, auth, user: 'alice', password: 'open sesame', ca: [authority().cert] },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const WAYS: readonly (readonly [string, TlsMode, Partial<SessionOptions> & Partial<ServerOptions>])[] = [
  ['plain, USER and PASS', 'none', { auth: 'user-pass' }],
  ['plain, AUTH PLAIN', 'none', { auth: 'plain' }],
  ['plain, lock-step', 'none', { without: ['PIPELINING'] }],
  ['plain, without CAPA', 'none', { without: ['CAPA'] }],
  ['plain, APOP', 'none', { auth: 'apop' }],
  ['plain, SCRAM-SHA-256', 'none', { auth: 'scram-sha-256' }],
  ['STLS, USER and PASS', 'starttls', { auth: 'user-pass' }],
  ['STLS, AUTH PLAIN', 'starttls', { auth: 'plain' }],
  ['STLS, AUTH LOGIN', 'starttls', { auth: 'login' }],
  ['STLS, SCRAM-SHA-1', 'starttls', { auth: 'scram-sha-1' }],
  ['implicit TLS, CRAM-MD5', 'implicit', { auth: 'cram-md5' }],
  ['implicit TLS', 'implicit', {}],
];

for (const [name, tls, more] of WAYS) {
  sessionSuite({ name, serve: (messages) => serve(messages, tls, more) });
}

// RFC 2449 §6.6 [client-pipelining]
test('pipelining is used where it is announced after the login, and not elsewhere', async () => {
  await using with_ = await serve([], 'none', {});
  await using without = await serve([], 'none', { without: ['PIPELINING'] });
  for (const [served, expected] of [
    [with_, true],
    [without, false],
  ] as const) {
    const session = await openSession(served.options);
    expect(session.pipelining).toBe(expected);
    await session.quit();
  }
});

// RFC 1939 §7 [optional-commands]
test('a server without UIDL gives no unique-ids', async () => {
  await using served = await serve([Buffer.from('x\r\n')], 'none', { without: ['UIDL'] });
  const session = await openSession(served.options);
  expect(await session.uidl()).toBeUndefined();
  expect(await session.list()).toHaveLength(1);
  await session.quit();
});

// RFC 6856 §2.2 [utf8-login]
test('names and passwords outside ASCII are sent as UTF-8', async () => {
  await using server = await createServer({ users: { jürgen: { password: 'geheim→日本' } } });
  for (const auth of ['user-pass', 'plain'] as const) {
    const session = await openSession({
      ...server.address,
      tls: 'none',
      auth,
      user: 'jürgen',
      password: 'geheim→日本',
    });
    await session.quit();
  }
  expect(server.maildrop('jürgen').messages).toEqual([]);
});

// RFC 6856 §2.2 [apop-saslprep, apop-prepared]
test('APOP is made of name and password as SASLprep makes them, on both sides', async () => {
  await using server = await createServer({ users: { jürgen: { password: 'größe' } } });
  const session = await openSession({
    ...server.address,
    tls: 'none',
    auth: 'apop',
    user: 'jürgen'.normalize('NFD'),
    password: 'größe'.normalize('NFD'),
  });
  await session.quit();
  expect(session.broken).toBeDefined();
});

// RFC 6856 §2.2 [utf8-user-announced]
test.each([
  ['user-pass', 'jürgen', ['UTF8'], true],
  ['user-pass', 'jürgen', [], false],
  ['user-pass', 'alice', ['UTF8'], false],
  ['plain', 'jürgen', ['UTF8'], false],
] as const)(
  'a refusal by %s of %s, UTF8 missing: %j, is explained by that: %s',
  async (auth, user, without, explained) => {
    await using server = await createServer({ users: { nobody: { password: 'x' } }, without });
    const failure = openSession({ ...server.address, tls: 'none', auth, user, password: 'x' });
    const error: unknown = await failure.catch((raised: unknown) => raised);
    expect(error).toMatchObject({ code: 'login-refused' });
    expect(String((error as { hint?: string }).hint).includes('outside ASCII')).toBe(explained);
  },
);

// RFC 5034 §4 [after-refusal]
test.each(['plain', 'cram-md5', 'scram-sha-256', 'apop', 'user-pass'] as const)(
  'after a login by %s that was refused another one may follow',
  async (auth) => {
    await using served = await serve([Buffer.from('x\r\n')], 'none', {});
    const authorization = await connect(served.options);
    await authorization.capa();
    await expect(authorization.login(auth, 'alice', 'wrong')).rejects.toMatchObject({
      code: 'login-refused',
    });
    const session = await authorization.login(auth, 'alice', 'open sesame');
    expect(await session.stat()).toEqual({ messages: 1, octets: 3 });
    await session.quit();
  },
);

test('an authorization can be left by QUIT without a login', async () => {
  await using served = await serve([], 'none', {});
  const authorization = await connect(served.options);
  expect((await authorization.capa())?.has('USER')).toBe(true);
  expect(authorization.encrypted).toBe(false);
  await expect(authorization.quit()).resolves.toBeUndefined();
});

// RFC 1939 §3 [state-commands]
test('before the login there are no commands of the TRANSACTION state', async () => {
  await using served = await serve([Buffer.from('x\r\n')], 'none', {});
  const authorization = await connect(served.options);
  // @ts-expect-error -- RETR before the login does not compile
  expect(authorization.retr).toBeUndefined();
  // @ts-expect-error -- nor does DELE
  expect(authorization.dele).toBeUndefined();
  // @ts-expect-error -- nor does LIST
  expect(authorization.list).toBeUndefined();
  const session = await authorization.login('user-pass', 'alice', 'open sesame');
  // @ts-expect-error -- nor a login after the login
  expect(session.login).toBeUndefined();
  // @ts-expect-error -- nor STLS
  expect(session.stls).toBeUndefined();
  await session.quit();
});

test('a number of octets is no message number', async () => {
  await using served = await serve([Buffer.from('x\r\n')], 'none', {});
  const session = await openSession(served.options);
  // @ts-expect-error -- a plain number must be parsed first
  expect((await octetsOf(await session.retr(1))).toString()).toBe('x\r\n');
  expect((await octetsOf(await session.retr(number(1)))).toString()).toBe('x\r\n');
  await session.quit();
});

test('a body that is not read to its end breaks the session, loudly', async () => {
  await using served = await serve([Buffer.from('x\r\n'.repeat(100_000))], 'none', {});
  const session = await openSession(served.options);
  // oxlint-disable-next-line no-unreachable-loop -- to stop early is the point
  for await (const block of await session.retr(number(1))) {
    expect(block.length).toBeGreaterThan(0);
    break;
  }
  expect(session.broken).toMatchObject({ code: 'protocol' });
  await expect(session.noop()).rejects.toBe(session.broken);
  await session.close();
});

test('QUIT may take the longer, the more messages there are to delete', async () => {
  const messages = Array.from({ length: 30 }, (_, index) => `Subject: ${index}\r\n\r\n`);
  await using server = await createServer({
    users: { alice: { password: 'secret', messages }, bob: { password: 'secret' } },
    faults: [{ do: 'delay', command: 'QUIT', ms: 250 }],
  });
  const { host, port } = server.address;
  const open = (user: string): Promise<Transaction> =>
    openSession({ host, port, tls: 'none', user, password: 'secret', timeouts: { idleMs: 100 } });
  await expect((await open('bob')).quit()).rejects.toMatchObject({ code: 'timeout' });
  const session = await open('alice');
  for (let index = 1; index <= messages.length; index += 1) await session.dele(number(index));
  await session.quit();
  expect(server.maildrop('alice').messages).toEqual([]);
});
