import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

function serve(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  const users = { alice: { password: 'secret', messages: ['Subject: x\r\n\r\nx\r\n'] } };
  return createServer({ users, tls: certificate(), ...options });
}

function tlsAddress(server: Pop3Server): {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
} {
  if (server.tlsAddress === undefined) throw new Error('The server has no TLS listener.');
  return { ...server.tlsAddress, ca: authority().cert };
}

describe('STLS', () => {
  test('is announced before TLS and not within', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).toMatch(/^STLS\r$/m);
    expect(await client.command('STLS')).toMatch(/^\+OK/);
    await client.startTls(authority().cert);
    expect(await client.multiline('CAPA')).not.toMatch(/STLS/);
    expect(await client.command('STLS')).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
    expect(await client.multiline('RETR 1')).toBe('+OK 17 octets\r\nSubject: x\r\n\r\nx\r\n.\r\n');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    expect(await client.rest()).toHaveLength(0);
  });

  test('forgets what was said before it', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    await client.command('USER alice');
    await client.command('STLS');
    await client.startTls(authority().cert);
    expect(await client.command('PASS secret')).toMatch(/^-ERR/);
  });

  // RFC 2595 §4 [stls-no-clear-text]
  test('never has clear text answered that came with it', async () => {
    const events: ServerEvent[] = [];
    await using server = await serve({ observe: (event) => events.push(event) });
    await using client = await greetedClient(server.address);
    client.send('STLS\r\nUSER alice\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n');
    expect((await client.rest()).toString()).toBe('+OK Begin TLS now.\r\n');
    expect(events.filter(({ kind }) => kind === 'command')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: 'closed', error: { code: 'protocol' } });
  });

  test('ends the connection on clear text that comes later', async () => {
    const events: ServerEvent[] = [];
    await using server = await serve({ observe: (event) => events.push(event) });
    await using client = await greetedClient(server.address);
    await client.command('STLS');
    client.send('USER alice\r\n');
    await client.rest();
    expect(events.at(-1)).toMatchObject({ kind: 'closed', error: { code: 'tls' } });
  });

  test('is refused after the login, and where there is no certificate', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command('STLS')).toMatch(/^-ERR/);
    await using plain = await createServer({ users: {} });
    await using other = await greetedClient(plain.address);
    expect(await other.command('STLS')).toMatch(/^-ERR/);
    expect(await other.multiline('CAPA')).not.toMatch(/STLS/);
  });

  // RFC 2595 §2.2 [require-tls]
  // RFC 8314 §4.1 [no-oracle]
  // RFC 2449 §6.2 [capa-user]
  // RFC 5034 §4 [plain-offered]
  test('must come first where TLS is required', async () => {
    await using server = await serve({ requireTls: true });
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).not.toMatch(/^(USER|SASL)/m);
    for (const command of ['USER alice', 'PASS secret', 'AUTH PLAIN', 'AUTH']) {
      expect(await client.command(command)).toMatch(/^-ERR/);
    }
    await client.command('STLS');
    await client.startTls(authority().cert);
    expect(await client.multiline('CAPA')).toMatch(/USER\r\nSASL .*PLAIN/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });
});

describe('implicit TLS', () => {
  // RFC 8314 §3.3 [implicit-tls]
  test('serves from the first octet', async () => {
    await using server = await serve({ tlsPort: 0, requireTls: true });
    await using client = await loggedInClient(tlsAddress(server));
    expect(await client.command('STAT')).toBe('+OK 1 17');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
  });

  test('survives a client that speaks clear text, and one that says nothing', async () => {
    await using server = await serve({ tlsPort: 0 });
    const { host, port } = tlsAddress(server);
    await using silent = await rawClient({ host, port });
    await using clear = await rawClient({ host, port });
    clear.send('USER alice\r\n');
    await clear.rest();
    await using client = await loggedInClient(tlsAddress(server));
    expect(await client.command('STAT')).toBe('+OK 1 17');
    expect(silent.held).toBe(0);
  });

  test('answers all that was asked when the client then closes its side', async () => {
    await using server = await serve({ tlsPort: 0 });
    await using client = await loggedInClient(tlsAddress(server));
    client.send('STAT\r\nNOOP\r\nQUIT\r\n');
    client.end();
    expect((await client.rest()).toString().split('\r\n')).toHaveLength(4);
  });

  test('tells the observer of a client that does not accept the certificate', async () => {
    const events: ServerEvent[] = [];
    const server = await serve({
      tlsPort: 0,
      tls: certificate({ selfSigned: true }),
      observe: (event) => events.push(event),
    });
    await expect(rawClient(tlsAddress(server))).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    await server.close();
    expect(events).toMatchObject([
      { kind: 'closed', error: { code: expect.stringMatching(/tls|connection-lost/) } },
    ]);
  });

  test.each([
    ['expired', { expired: true }, 'CERT_HAS_EXPIRED'],
    ['for another name', { names: ['pop.example.org'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('shows a certificate that is %s as it is', async (_, options, code) => {
    await using server = await serve({ tlsPort: 0, tls: certificate(options) });
    await expect(rawClient(tlsAddress(server))).rejects.toMatchObject({ code });
  });
});

test.each(['implicit TLS', 'STLS', 'STLS, and in the same segment'])(
  'a client that closes its side before TLS is there is not waited for (%s)',
  async (way) => {
    const events: ServerEvent[] = [];
    await using server = await serve({ tlsPort: 0, observe: (event) => events.push(event) });
    const { host, port } = way === 'implicit TLS' ? tlsAddress(server) : server.address;
    await using client = await rawClient({ host, port });
    if (way !== 'implicit TLS') await client.line();
    if (way !== 'implicit TLS') client.send('STLS\r\n');
    if (way === 'STLS') await client.line();
    client.end();
    await client.rest();
    const code = expect.stringMatching(/tls|connection-lost/) as string;
    expect(events.at(-1)).toMatchObject({ kind: 'closed', error: { code } });
  },
);

function serveCertified(): Promise<Pop3Server> {
  return createServer({
    users: { alice: { certificate: true }, bob: { password: 'secret' } },
    tls: certificate(),
    tlsPort: 0,
    clientCa: authority().cert,
  });
}

describe('a client certificate', () => {
  const aliceAtHome = Buffer.from('alice').toString('base64');

  test.each([['AUTH EXTERNAL ='], [`AUTH EXTERNAL ${aliceAtHome}`]])('lets in by %s', async (command) => {
    await using server = await serveCertified();
    const own = certificate({ commonName: 'alice' });
    await using client = await greetedClient({ ...tlsAddress(server), own });
    expect(await client.multiline('CAPA')).toMatch(/^SASL .*EXTERNAL\r$/m);
    expect(await client.command(command)).toMatch(/^\+OK The maildrop/);
  });

  test('lets in by EXTERNAL without an initial response', async () => {
    await using server = await serveCertified();
    const own = certificate({ commonName: 'alice' });
    await using client = await greetedClient({ ...tlsAddress(server), own });
    expect(await client.command('AUTH EXTERNAL')).toBe('+ ');
    expect(await client.command('')).toMatch(/^\+OK The maildrop/);
  });

  test('lets nobody act for another', async () => {
    await using server = await serveCertified();
    const own = certificate({ commonName: 'alice' });
    await using client = await greetedClient({ ...tlsAddress(server), own });
    const bob = Buffer.from('bob').toString('base64');
    expect(await client.command(`AUTH EXTERNAL ${bob}`)).toMatch(/^-ERR \[AUTH\] /);
  });

  test.each([
    ['none', undefined],
    ['one of a user without that right', { commonName: 'bob' }],
    ['one that nobody has signed', { commonName: 'alice', selfSigned: true }],
    ['one whose time is over', { commonName: 'alice', expired: true }],
  ])('is of no use when it is %s', async (_, options) => {
    await using server = await serveCertified();
    const own = options === undefined ? {} : { own: certificate(options) };
    await using client = await greetedClient({ ...tlsAddress(server), ...own });
    expect(await client.multiline('CAPA')).not.toMatch(/EXTERNAL/);
    expect(await client.command('AUTH EXTERNAL =')).toMatch(/^-ERR/);
    expect(await client.logIn('bob')).toMatch(/^\+OK/);
  });
});

test('a session of TLS can be resumed on the next connection', async () => {
  await using server = await serve({ tlsPort: 0 });
  const { host, port, ca } = tlsAddress(server);
  const visit = (session?: Buffer): Promise<{ reused: boolean; session: Buffer | undefined }> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, ca, servername: 'localhost', ...(session && { session }) });
      let ticket: Buffer | undefined;
      let reused = false;
      socket.on('secureConnect', () => (reused = socket.isSessionReused()));
      socket.on('session', (made: Buffer) => (ticket = made));
      socket.on('error', reject);
      socket.on('close', () => resolve({ reused, session: ticket }));
      socket.once('data', () => socket.end('QUIT\r\n'));
    });
  const first = await visit();
  const second = await visit(first.session);
  expect([first.reused, second.reused]).toEqual([false, true]);
});

// RFC 8314 §4.1 [tls-version]
test.each(['TLSv1', 'TLSv1.1'] as const)(
  'a client that speaks nothing newer than %s is refused',
  async (version) => {
    await using server = await serve({ tlsPort: 0 });
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const { host, port, ca } = tlsAddress(server);
    const socket = connect({ host, port, ca, servername: 'localhost', ...old });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  },
);
