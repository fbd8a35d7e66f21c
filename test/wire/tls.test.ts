import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { dial } from '../../src/wire/dial.ts';
import { parsePin } from '../../src/wire/pin.ts';
import { type TlsClientOptions, wrapTls } from '../../src/wire/tls.ts';
import { authority, certificate, type KeyPair } from '../support/certificates.ts';
import { rawPeer } from '../support/raw-peer.ts';

interface Served extends AsyncDisposable {
  readonly port: number;
  /** Each connection whose handshake succeeded. */
  readonly connections: readonly Seen[];
}

interface Seen {
  readonly resumed: boolean;
  readonly name: string | undefined;
  /** The name that was asked for (RFC 6066 §3). */
  readonly asked: unknown;
}

/** A TLS server that greets, and says whom it saw. */
async function serve(
  pair: KeyPair,
  more: { requestCert?: boolean; maxVersion?: 'TLSv1.2' } = {},
): Promise<Served> {
  const connections: Seen[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    { ...pair, ca: authority().cert, rejectUnauthorized: false, ...more },
    (socket) => {
      sockets.add(socket);
      const name = socket.getPeerCertificate()?.subject?.CN;
      connections.push({
        resumed: socket.isSessionReused(),
        name: socket.authorized ? String(name) : undefined,
        asked: (socket as { servername?: unknown }).servername,
      });
      socket.on('error', () => undefined).write('+OK\r\n');
    },
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Connects, waits for the greeting (by then a session to resume has come), and leaves. */
async function visit(port: number, options: Partial<TlsClientOptions> = {}): Promise<void> {
  const signal = AbortSignal.timeout(5000);
  const socket = await dial({ host: '127.0.0.1', port, signal });
  const ca = [authority().cert];
  const secure = await wrapTls(socket, { serverName: 'localhost', ca, signal, ...options });
  await new Promise((resolve, reject) => secure.once('data', resolve).once('error', reject));
  secure.destroy();
}

function fingerprintOf({ cert }: KeyPair): string {
  return new X509Certificate(cert).fingerprint256;
}

describe('a pin', () => {
  test.each([
    ['with colons', (pin: string) => pin],
    ['without', (pin: string) => pin.replaceAll(':', '')],
    ['in lower case', (pin: string) => pin.toLowerCase()],
    ['with its algorithm', (pin: string) => `SHA256:${pin}`],
  ])(
    '%s lets exactly that certificate through, signed by nobody, for another name, expired',
    async (_, write) => {
      const own = certificate({ selfSigned: true, names: ['elsewhere.example'] });
      await using server = await serve(own);
      await visit(server.port, { pinSha256: write(fingerprintOf(own)), ca: [] });
      expect(server.connections).toHaveLength(1);
    },
  );

  test('lets a certificate through whose time has run out', async () => {
    const own = certificate({ expired: true });
    await using server = await serve(own);
    await visit(server.port, { pinSha256: fingerprintOf(own) });
    expect(server.connections).toHaveLength(1);
  });

  test('of another certificate turns away one that is good otherwise', async () => {
    await using server = await serve(certificate());
    const pinSha256 = fingerprintOf(certificate({ selfSigned: true }));
    const failure = visit(server.port, { pinSha256 });
    await expect(failure).rejects.toMatchObject({ code: 'tls', hint: expect.any(String) as string });
    await expect(failure).rejects.toThrow(fingerprintOf(certificate()));
  });

  // RFC 8314 §5.4 [pin-of-account]
  test('is no trust for who does not have it', async () => {
    const own = certificate({ selfSigned: true });
    await using server = await serve(own);
    await visit(server.port, { pinSha256: fingerprintOf(own), ca: [] });
    await expect(visit(server.port, { ca: [] })).rejects.toMatchObject({ code: 'tls' });
  });

  test('is checked on a resumed session too', async () => {
    const own = certificate({ selfSigned: true });
    await using server = await serve(own);
    const pinSha256 = fingerprintOf(own);
    await visit(server.port, { pinSha256, ca: [] });
    await visit(server.port, { pinSha256, ca: [] });
    expect(server.connections.map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  test.each(['', 'abc', 'g'.repeat(64), 'a'.repeat(63), 'a'.repeat(65)])('is not %j', (text) => {
    expect(parsePin(text)).toBeUndefined();
  });
});

describe('the name in a certificate', () => {
  // RFC 2595 §2.4 [wildcard]
  test.each([
    ['*.example.org', 'pop.example.org', true],
    ['*.example.org', 'POP.example.org.', true],
    ['*.example.org', 'pop_1.example.org', true],
    ['p*.example.org *.example.net', 'pop.example.net', true],
    ['p*.example.org 127.0.0.1', '127.0.0.1', true],
    ['pop.*.example.org', 'pop.mail.example.org', false],
    ['*.example.org', 'example.org', false],
    ['*.example.org', 'a.pop.example.org', false],
    ['p*.example.org', 'pop.example.org', false],
    ['*p.example.org', 'pop.example.org', false],
    ['p*p.example.org', 'pop.example.org', false],
    ['xn--bcher-kva.example', 'bücher.example', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['*.0.0.1', '127.0.0.1', false],
  ])('%s is good for %s: %j', async (names, serverName, expected) => {
    await using server = await serve(certificate({ names: names.split(' ') }));
    const going = visit(server.port, { serverName });
    const outcome = await going.then(
      () => 'taken',
      (error: unknown) => String(error),
    );
    expect(outcome).toMatch(expected ? /^taken$/ : /The certificate is not for ".*", but for /);
  });
});

test.each([
  ['localhost', 'localhost'],
  ['localhost.', 'localhost'],
  ['127.0.0.1', false],
])('a server that is called %s is asked for %s (RFC 6066 §3)', async (serverName, asked) => {
  await using server = await serve(certificate());
  await visit(server.port, { serverName });
  expect(server.connections.map((seen) => seen.asked)).toEqual([asked]);
});

describe('a session of TLS', () => {
  test.each([{}, { maxVersion: 'TLSv1.2' }] as const)(
    'is resumed at the next connection (%j)',
    async (more) => {
      await using server = await serve(certificate(), more);
      const serverName = '127.0.0.1';
      for (let visits = 0; visits < 3; visits += 1) await visit(server.port, { serverName });
      expect(server.connections.map(({ resumed }) => resumed)).toEqual([false, true, true]);
    },
  );

  test.each([{}, { maxVersion: 'TLSv1.2' }] as const)(
    'is not resumed a day after the certificate was shown, however often it was resumed since (%j)',
    async (more) => {
      await using server = await serve(certificate({ names: ['day.example'] }), more);
      const clock = { time: Date.UTC(2026, 0, 1), now: () => clock.time };
      for (let visits = 0; visits < 5; visits += 1) {
        await visit(server.port, { serverName: 'day.example', clock });
        clock.time += 10 * 3_600_000;
      }
      expect(server.connections.map(({ resumed }) => resumed)).toEqual([false, true, true, false, true]);
    },
  );

  test('is not resumed once the certificate has run out, nor when the clock stands before it was shown', async () => {
    const own = certificate({ names: ['end.example'] });
    await using server = await serve(own);
    const end = Date.parse(new X509Certificate(own.cert).validTo);
    for (const now of [end - 1000, end - 500, end, end - 2000]) {
      await visit(server.port, { serverName: 'end.example', clock: { now: () => now } });
    }
    expect(server.connections.map(({ resumed }) => resumed)).toEqual([false, true, false, false]);
  });

  test('never carries trust to another name or other anchors', async () => {
    await using server = await serve(certificate({ names: ['one.example', '127.0.0.1'] }));
    await visit(server.port, { serverName: 'one.example' });
    await expect(visit(server.port, { serverName: 'two.example' })).rejects.toMatchObject({ code: 'tls' });
    await expect(visit(server.port, { serverName: 'one.example', ca: [] })).rejects.toMatchObject({
      code: 'tls',
    });
  });
});

describe('a certificate of the client', () => {
  // RFC 8314 §5.5 [own-certificate]
  test('is shown to a server that asks for it', async () => {
    const { cert, key } = certificate({ names: ['alice.example'] });
    await using server = await serve(certificate(), { requestCert: true });
    await visit(server.port, { clientCertificate: { cert, key: new Secret(key) } });
    await visit(server.port);
    expect(server.connections.map(({ name }) => name)).toEqual(['Test', undefined]);
  });
});

test('the anchors of the system count, and those of Node', async () => {
  const { secureContext } = await import('../../src/wire/trust.ts');
  const context = secureContext({ ca: [], clientCertificate: undefined });
  // Without it, each connection would parse all anchors anew.
  expect((context.context as { addCACert?: unknown }).addCACert).toBeTypeOf('function');
  expect(secureContext({ ca: [], clientCertificate: undefined })).toBe(context);
  expect(() => secureContext({ ca: ['no certificate'], clientCertificate: undefined })).toThrow(
    'cannot be used',
  );
});

test('a line that cannot be secured with what was given is closed', async () => {
  await using server = await serve(certificate());
  const signal = AbortSignal.timeout(5000);
  const socket = await dial({ host: '127.0.0.1', port: server.port, signal });
  const options = { serverName: 'localhost', ca: ['no certificate'], signal };
  await expect(wrapTls(socket, options)).rejects.toMatchObject({ code: 'config' });
  expect(socket.destroyed).toBe(true);
});

test('a line that has ended before TLS was begun is not waited for', async () => {
  await using peer = await rawPeer(() => Promise.resolve());
  const signal = AbortSignal.timeout(5000);
  const socket = await dial({ host: peer.host, port: peer.port, signal });
  await once(socket.resume(), 'close');
  await expect(wrapTls(socket, { serverName: 'localhost', signal })).rejects.toMatchObject({
    code: 'connection-lost',
    message: 'The connection ended while setting up TLS.',
  });
});
