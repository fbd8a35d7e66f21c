import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { Authorization, openSession, type SessionOptions } from '../../src/pop3-client/index.ts';
import { Pipeline } from '../../src/pop3-client/pipeline.ts';
import { createServer, type ServerOptions } from '../../src/pop3-server/index.ts';
import { Secret } from '../../src/secret.ts';
import { Connection } from '../../src/wire/connection.ts';
import { dial } from '../../src/wire/dial.ts';
import { authority, type CertificateOptions, certificate } from '../support/certificates.ts';
import { answering, type RawPeer, rawPeer } from '../support/raw-peer.ts';

const PASSWORD = 'tr0ub4dor&3';

function options(peer: { host: string; port: number }, more: Partial<SessionOptions> = {}): SessionOptions {
  const { host, port } = peer;
  return { host, port, tls: 'starttls', user: 'alice', password: PASSWORD, ca: [authority().cert], ...more };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error,
  );
}

describe('STLS', () => {
  /** Servers that cannot or will not do TLS, and what becomes of it. */
  const WITHDRAWN: readonly (readonly [string, string, string | undefined, string])[] = [
    ['is not announced', '+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n', undefined, 'tls'],
    ['is refused', '+OK\r\nSTLS\r\nUSER\r\n.\r\n', '-ERR not now\r\n', 'tls'],
    ['is refused without CAPA', '-ERR unknown\r\n', '-ERR unknown\r\n', 'tls'],
    ['is answered with clear text', '+OK\r\nSTLS\r\n.\r\n', '+OK begin\r\n+OK\r\nUSER\r\n.\r\n', 'protocol'],
    ['is answered with garbage', '+OK\r\nSTLS\r\n.\r\n', 'begin\r\n', 'protocol'],
  ];

  // RFC 2595 §4 [stls-needed]
  test.each(WITHDRAWN)('that %s ends the session before the user name', async (_, capa, stls, code) => {
    await using peer = await rawPeer(
      answering((command) => (command === 'CAPA' ? capa : command === 'STLS' ? stls : '+OK\r\n')),
    );
    expect(await failureOf(openSession(options(peer)))).toMatchObject({ code });
    expect(clearTextOf(peer)).toEqual(stls === undefined ? ['CAPA'] : ['CAPA', 'STLS']);
  });

  // RFC 2595 §4 [injection]
  test('that is followed by clear text in a later segment ends the session before the user name', async () => {
    await using peer = await rawPeer(async (line) => {
      await line.send('+OK\r\n');
      await line.line();
      await line.send('+OK\r\nSTLS\r\n.\r\n');
      await line.line();
      await line.send('+OK begin\r\n');
      await line.have('CAPA\r\nSTLS\r\n'.length + 1);
      await line.send('+OK\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n');
      await line.closed();
    });
    expect(await failureOf(openSession(options(peer)))).toMatchObject({ code: 'tls' });
    expect(peer.lines[0]?.received).not.toContain('alice');
    expect(peer.lines[0]?.received.slice(12, 14)).toBe('\x16\x03');
  });

  // RFC 2595 §4 [capabilities-dropped]
  // RFC 2449 §5 [capa-again]
  // RFC 8314 §5.1 [no-secret-before-tls]
  // RFC 5034 §4 [client-plain]
  // RFC 6856 §2.1 [utf8-asked, no-stls-after-utf8]
  test('I5: is begun before anything secret is said', async () => {
    const steps: string[] = [];
    await using server = await createServer({
      users: { alice: { password: PASSWORD } },
      tls: certificate(),
      observe: (event) => {
        if (event.kind === 'command') steps.push(event.line.replace(/^(AUTH PLAIN) .*/, '$1'));
      },
    });
    const session = await openSession(options(server.address, { auth: 'plain' }));
    await session.quit();
    expect(steps).toEqual(['CAPA', 'STLS', 'CAPA', 'UTF8', 'AUTH PLAIN', 'CAPA', 'QUIT']);
  });

  test('is not begun for ever by a server that falls silent', async () => {
    await using peer = await rawPeer(
      answering((command) =>
        command === 'CAPA' ? '+OK\r\nSTLS\r\n.\r\n' : command === 'STLS' ? '+OK\r\n' : '',
      ),
    );
    const signal = AbortSignal.timeout(200);
    expect(await failureOf(openSession(options(peer, { signal })))).toMatchObject({ code: 'aborted' });
  });
});

function clearTextOf(peer: RawPeer): string[] {
  return (peer.lines[0]?.received ?? '').split('\r\n').filter((line) => line !== '');
}

describe('a password', () => {
  const CAPA = '+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n';

  // RFC 2595 §2.2 [refuse-cleartext]
  // RFC 2595 §6 [plain-within-tls]
  test('I5: is not sent without TLS to another machine', async () => {
    await using peer = await rawPeer(answering((command) => (command === 'QUIT' ? undefined : '+OK\r\n')));
    const mayShowPassword = false;
    const greeted = {
      greeting: '<1.2@peer>',
      encrypted: false,
      mayShowPassword,
      loginReplyMs: 1000,
      tlsMs: 1000,
    };
    const { host, port } = peer;
    const socket = await dial({ host, port, signal: AbortSignal.timeout(5000) });
    const authorization = new Authorization(new Pipeline(new Connection(socket)), greeted);
    for (const auth of ['plain', 'login', 'user-pass', 'apop', 'xoauth2', 'oauthbearer'] as const) {
      const login = authorization.login(auth, 'alice', PASSWORD);
      await expect(login).rejects.toMatchObject({ code: 'tls' });
    }
    await authorization.quit();
    expect(peer.lines[0]?.received).toBe('QUIT\r\n');
  });

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::1', true],
    ['LocalHost', true],
    ['127.0.0.999', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.org', false],
    ['localhost.example.org', false],
    ['1270.0.0.1', false],
    ['', false],
  ])('may be sent without TLS to %j: %j', async (host, expected) => {
    const { isLoopback } = await import('../../src/pop3-client/options.ts');
    expect(isLoopback(host)).toBe(expected);
  });

  test('is sent without TLS to this very machine', async () => {
    await using peer = await rawPeer(
      answering((command) => (command === 'CAPA' ? CAPA : command === 'QUIT' ? undefined : '+OK\r\n')),
    );
    const session = await openSession(options(peer, { tls: 'none', auth: 'user-pass' }));
    await session.quit();
    expect(clearTextOf(peer)).toEqual(['CAPA', 'USER alice', `PASS ${PASSWORD}`, 'CAPA', 'QUIT']);
  });
});

describe('a certificate', () => {
  const BAD: readonly (readonly [string, CertificateOptions, RegExp])[] = [
    ['that has expired', { expired: true }, /expired/],
    ['that is signed by nobody but itself', { selfSigned: true }, /nobody but itself/],
    ['of another name', { names: ['pop.example.org'] }, /not for "127\.0\.0\.1".*pop\.example\.org/],
  ];

  for (const tls of ['implicit', 'starttls'] as const) {
    // RFC 2595 §2.4 [check-name]
    // RFC 8314 §5.2 [certificate-checked]
    test.each(BAD)(`%s is refused (${tls}), and nothing is said`, async (_, made, message) => {
      const commands: string[] = [];
      await using server = await serverWith({
        tls: certificate(made),
        observe: (event) => event.kind === 'command' && commands.push(event.line),
      });
      const address = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
      const error = await failureOf(openSession(options(address, { tls })));
      expect(error).toMatchObject({ code: 'tls', hint: expect.any(String) as string });
      expect((error as Error).message).toMatch(message);
      expect(commands).toEqual(tls === 'implicit' ? [] : ['CAPA', 'STLS']);
    });

    test(`of an authority that nobody knows is refused (${tls})`, async () => {
      await using server = await serverWith({ tls: certificate() });
      const address = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
      const error = await failureOf(openSession(options(address, { tls, ca: [] })));
      expect(error).toMatchObject({ code: 'tls', hint: expect.stringContaining('caFile') as string });
    });

    test(`is not looked at where the known authorities cannot be read (${tls})`, async () => {
      // Nobody waits for what is made ahead: what it raised would end the process, and fail this test.
      await using server = await serverWith({ tls: certificate() });
      const address = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
      const error = await failureOf(openSession(options(address, { tls, ca: ['no certificate'] })));
      expect(error).toMatchObject({ code: 'config', hint: expect.stringContaining('PEM') as string });
    });

    test(`of a known authority and this name is taken (${tls}), also for a name`, async () => {
      await using server = await serverWith({ tls: certificate() });
      const { port, host } = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
      for (const name of [host, 'localhost']) {
        const session = await openSession(options({ host: name, port }, { tls }));
        expect(session.broken).toBeUndefined();
        await session.quit();
      }
    });
  }

  test('that is its own anchor is taken', async () => {
    const own = certificate({ selfSigned: true });
    await using server = await serverWith({ tls: own });
    const session = await openSession(options(server.address, { ca: [own.cert] }));
    expect(session.broken).toBeUndefined();
    await session.quit();
  });

  test('is not waited for on a port without TLS', async () => {
    await using server = await serverWith({});
    const error = await failureOf(openSession(options(server.address, { tls: 'implicit' })));
    expect(error).toMatchObject({ hint: expect.any(String) as string });
    expect(['tls', 'protocol', 'connection-lost']).toContain((error as { code: string }).code);
  });
});

function serverWith(more: Partial<ServerOptions>): ReturnType<typeof createServer> {
  return createServer({
    users: { alice: { password: PASSWORD } },
    ...(more.tls === undefined ? {} : { tlsPort: 0 }),
    ...more,
  });
}

describe('a certificate of the client', () => {
  test('is all that EXTERNAL needs: the password may be left out', async () => {
    const users = { alice: { certificate: true } };
    await using server = await createServer({ users, tls: certificate(), clientCa: authority().cert });
    const own = certificate({ commonName: 'alice' });
    const clientCertificate = { cert: own.cert, key: new Secret(own.key) };
    const external = options(server.address, { auth: 'external', clientCertificate });
    const session = await openSession({ ...external, password: undefined } as unknown as SessionOptions);
    expect(await session.stat()).toEqual({ messages: 0, octets: 0 });
    await session.quit();
  });

  test('that the server wants, and does not get, is what the error is about', async () => {
    // With TLS 1.3 it says so when the handshake is over for us.
    const server = createTlsServer({ ...certificate(), requestCert: true, minVersion: 'TLSv1.3' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const error = await failureOf(openSession(options({ host: '127.0.0.1', port }, { tls: 'implicit' })));
    await new Promise((resolve) => server.close(resolve));
    expect(error).toMatchObject({
      code: 'tls',
      message: 'TLS ended while waiting for the greeting: tlsv13 alert certificate required.',
      hint: expect.stringContaining('"clientCertificate"') as string,
    });
  });
});
