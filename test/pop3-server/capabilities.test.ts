import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createServer, type Pop3Server, type ServerOptions } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

function serve(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret' }, bob: { password: 'secret' } }, ...options });
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

describe('APOP', () => {
  test('lets in by the digest of timestamp and password, and by no other', async () => {
    await using server = await serve();
    await using client = await rawClient(server.address);
    const [timestamp = ''] = /<\d+\.\d+@[^>]+>$/.exec(await client.line()) ?? [];
    for (const digest of [md5(`${timestamp}wrong`), md5(`${timestamp}secret`).toUpperCase(), 'x', 'secret']) {
      expect(await client.command(`APOP alice ${digest}`)).toMatch(/^-ERR \[AUTH\] /);
    }
    expect(await client.command(`APOP alice ${md5(`${timestamp}secret`)}`)).toMatch(/^\+OK/);
    expect(await client.command('STAT')).toBe('+OK 0 0');
  });

  test('has another timestamp in each greeting', async () => {
    await using server = await serve();
    await using first = await rawClient(server.address);
    await using second = await rawClient(server.address);
    expect(await first.line()).not.toBe(await second.line());
  });

  test.each(['APOP alice', 'APOP', 'APOP alice x y', 'APOP nobody x'])('refuses %j', async (command) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command(command)).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  test.each([
    ['it is hidden', { without: ['APOP'] }],
    ['nobody has a password', { users: { alice: { token: 'x' } } }],
    ['TLS must come first', { tls: certificate(), requireTls: true }],
  ])('has no timestamp where %s', async (_, options) => {
    await using server = await serve(options);
    await using client = await rawClient(server.address);
    expect(await client.line()).toBe('+OK Mailferry POP3 server ready.');
    expect(await client.command(`APOP alice ${md5('secret')}`)).toMatch(/^-ERR/);
  });
});

describe('LOGIN-DELAY', () => {
  // RFC 2449 §6.5 [login-delay]
  test('is announced, and keeps away for so long who has just been in', async () => {
    const runtime = new FakeRuntime();
    const users = { alice: { password: 'secret' }, bob: { password: 'secret' } };
    await using server = await createServer({ users, loginDelay: 60 }, runtime);
    await using client = await loggedInClient(server.address);
    expect(await client.multiline('CAPA')).toMatch(/^LOGIN-DELAY 60\r$/m);
    await client.command('QUIT');
    await using next = await greetedClient(server.address);
    runtime.advance(59_999);
    expect(await next.logIn()).toMatch(/^-ERR \[LOGIN-DELAY\] /);
    expect(await next.logIn('alice', 'wrong')).toMatch(/^-ERR \[AUTH\] /);
    runtime.advance(1);
    expect(await next.logIn()).toMatch(/^\+OK/);
    await using other = await greetedClient(server.address);
    expect(await other.logIn('bob')).toMatch(/^\+OK/);
  });

  test.each([
    ['in full width', 'ａlice'],
    ['with a soft hyphen', 'al\u00adice'],
  ])('is not evaded by a name that looks the same: %s', async (_, name) => {
    await using server = await serve({ loginDelay: 600 });
    await using client = await loggedInClient(server.address);
    await client.command('QUIT');
    await using next = await greetedClient(server.address);
    expect(await next.logIn(Buffer.from(name).toString('latin1'))).toMatch(/^-ERR \[LOGIN-DELAY\] /);
  });
});

// RFC 2449 §6.7 [expire]
test.each([
  [{ expire: 'never' }, 'EXPIRE NEVER'],
  [{ expire: 0 }, 'EXPIRE 0'],
  [{ expire: 30 }, 'EXPIRE 30'],
  [{ implementation: 'Something else 1.0' }, 'IMPLEMENTATION Something else 1.0'],
] as const)('CAPA says %j in both states', async (options, line) => {
  await using server = await serve(options);
  await using client = await greetedClient(server.address);
  expect(await client.multiline('CAPA')).toContain(`\r\n${line}\r\n`);
  await client.logIn();
  expect(await client.multiline('CAPA')).toContain(`\r\n${line}\r\n`);
});

test.each([
  { expire: -1 },
  { expire: 1.5 },
  { loginDelay: -1 },
  { implementation: 'two\r\nlines' },
  { implementation: '' },
])('the options %j are wrong', async (options) => {
  await expect(serve(options)).rejects.toMatchObject({ code: 'config' });
});

describe('LANG', () => {
  // RFC 6856 §3 [lang]
  test.each([
    ['before', false],
    ['after', true],
  ])('lists and takes languages %s the login', async (_, late) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    if (late) await client.logIn();
    expect(await client.multiline('LANG')).toMatch(/\r\nen English\r\n(.*\r\n)*i-default .*\r\n\.\r\n$/);
    expect(await client.command('LANG en')).toMatch(/^\+OK en /);
    expect(await client.command('LANG I-DEFAULT')).toMatch(/^\+OK i-default /);
    expect(await client.command('LANG *')).toMatch(/^\+OK en /);
    expect(await client.command('LANG x-none')).toMatch(/^-ERR/);
    expect(await client.command('LANG en en')).toMatch(/^-ERR/);
  });
});

describe('UTF8', () => {
  const messages = ['Subject: grün\r\n\r\nx\r\n', 'Subject: plain\r\n\r\ngrün\r\n'];
  const users = { alice: { password: 'secret', messages } };

  // RFC 6856 §2.1 [utf8]
  test('is announced, and cannot be followed by STLS', async () => {
    await using server = await serve({ tls: certificate() });
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).toMatch(/^UTF8 USER\r$/m);
    expect(await client.command('UTF8')).toMatch(/^\+OK/);
    expect(await client.command('STLS')).toMatch(/^-ERR/);
    await using other = await greetedClient(server.address);
    await other.command('STLS');
    await other.startTls(authority().cert);
    expect(await other.command('UTF8')).toMatch(/^\+OK/);
    expect(await other.logIn()).toMatch(/^\+OK/);
  });

  test('makes no difference to the octets, unless the server is strict', async () => {
    await using server = await serve({ users });
    await using client = await loggedInClient(server.address);
    expect(Buffer.from(await client.multiline('RETR 1'), 'latin1').toString()).toContain('Subject: grün');
  });

  // RFC 6856 §2.1 [utf8-refused]
  test('has to be said to a strict server before it sends UTF-8 in a header', async () => {
    await using server = await serve({ users, utf8: 'strict' });
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[UTF8\] /);
    expect(await client.command('TOP 1 0')).toMatch(/^-ERR \[UTF8\] /);
    expect(await client.multiline('RETR 2')).toMatch(/^\+OK/);
    await client.command('QUIT');
    await using next = await greetedClient(server.address);
    await next.command('UTF8');
    await next.logIn();
    expect(await next.multiline('RETR 1')).toMatch(/^\+OK/);
  });

  test('is unknown where it is off', async () => {
    await using server = await serve({ utf8: 'off' });
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).not.toMatch(/^UTF8/m);
    expect(await client.command('UTF8')).toBe('-ERR Unknown command.');
  });
});
