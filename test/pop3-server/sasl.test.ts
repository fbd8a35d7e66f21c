import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { systemRuntime } from '../../src/runtime.ts';
import type { ClientMeans } from '../../src/sasl/exchange.ts';
import { MECHANISMS, type MechanismName } from '../../src/sasl/mechanisms.ts';
import { Secret } from '../../src/secret.ts';
import { authority, certificate } from '../support/certificates.ts';
import { greetedClient, type RawClient } from '../support/raw-client.ts';

function serve(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  return createServer({
    users: {
      alice: { password: new Secret('secret'), token: 'ya29.token' },
      jörg: { password: 'pass wörd  ' },
    },
    ...options,
  });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const BY_PASSWORD: readonly MechanismName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN', 'LOGIN'];
const BY_TOKEN: readonly MechanismName[] = ['OAUTHBEARER', 'XOAUTH2'];

/** Logs in by a mechanism; the last line of the server. */
async function authenticate(
  client: RawClient,
  mechanism: MechanismName,
  { user, secret, initial }: { user: string; secret: string; initial: boolean },
): Promise<string> {
  const means: ClientMeans = { user, secret: new Secret(secret), runtime: systemRuntime };
  const exchange = await MECHANISMS[mechanism].client(means);
  let pending = exchange.initial;
  let reply: string;
  if (initial && pending !== undefined) {
    reply = await client.command(`AUTH ${mechanism} ${pending.toString('base64') || '='}`);
    pending = undefined;
  } else {
    reply = await client.command(`auth ${mechanism.toLowerCase()}`);
    if (pending !== undefined) expect(reply).toBe('+ ');
  }
  while (reply.startsWith('+ ')) {
    const response = pending ?? (await exchange.respond(Buffer.from(reply.slice(2), 'base64')));
    pending = undefined;
    reply = await client.command(response.toString('base64'));
  }
  return reply;
}

describe('AUTH', () => {
  const ways = [...BY_PASSWORD, ...BY_TOKEN].flatMap((mechanism) =>
    [true, false].map((initial) => [mechanism, initial] as const),
  );

  test.each(ways)(
    '%s lets in by the right secret (with an initial response: %s)',
    async (mechanism, initial) => {
      const events: ServerEvent[] = [];
      await using server = await serve({ observe: (event) => events.push(event) });
      await using client = await greetedClient(server.address);
      const secret = BY_TOKEN.includes(mechanism) ? 'ya29.token' : 'secret';
      expect(await authenticate(client, mechanism, { user: 'alice', secret, initial })).toMatch(/^\+OK /);
      expect(await client.command('STAT')).toBe('+OK 0 0');
      expect(events.find(({ kind }) => kind === 'entered')).toMatchObject({ user: 'alice', by: mechanism });
      for (const word of ['secret', 'ya29', base64('secret')])
        expect(JSON.stringify(events)).not.toContain(word);
    },
  );

  // RFC 7628 §3.2.2 [reason-given]
  test.each(ways)(
    '%s refuses a wrong secret and a stranger alike, and goes on (%s)',
    async (mechanism, initial) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      for (const user of ['alice', 'nobody', '__proto__']) {
        const reply = await authenticate(client, mechanism, { user, secret: 'wrong', initial });
        expect(reply).toBe('-ERR [AUTH] Wrong user name or password.');
      }
      const secret = BY_TOKEN.includes(mechanism) ? 'ya29.token' : 'secret';
      expect(await authenticate(client, mechanism, { user: 'alice', secret, initial })).toMatch(/^\+OK /);
    },
  );

  test.each(BY_TOKEN)(
    '%s counts a token that was refused, also when the client then calls it off',
    async (mechanism) => {
      await using server = await serve({ limits: { failedLogins: 2 } });
      await using client = await greetedClient(server.address);
      const message = base64(
        mechanism === 'XOAUTH2'
          ? 'user=alice\x01auth=Bearer guess\x01\x01'
          : 'n,a=alice,\x01auth=Bearer guess\x01\x01',
      );
      for (const farewell of ['*', '!!!']) {
        expect(await client.command(`AUTH ${mechanism} ${message}`)).toMatch(/^\+ /);
        expect(await client.command(farewell)).toMatch(/^-ERR \[AUTH\] /);
      }
      expect(await client.rest()).toHaveLength(0);
    },
  );

  test.each(BY_PASSWORD)('%s takes names and passwords outside ASCII', async (mechanism) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    const how = { user: 'jörg', secret: 'pass wörd  ', initial: true };
    expect(await authenticate(client, mechanism, how)).toMatch(/^\+OK /);
  });

  // RFC 4616 §2 [prepare]
  test.each(['PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256'] as const)(
    '%s lets in whoever writes what looks the same',
    async (mechanism) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      const how = { user: 'jörg', secret: 'pass\u00a0wörd  ', initial: true };
      const written = { ...how, user: how.user.normalize('NFD'), secret: how.secret.normalize('NFD') };
      expect(written.user).not.toBe(how.user);
      expect(await authenticate(client, mechanism, written)).toMatch(/^\+OK /);
    },
  );

  test.each([...BY_PASSWORD, ...BY_TOKEN])(
    '%s is called off by an asterisk, and the login goes on',
    async (mechanism) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      expect(await client.command(`AUTH ${mechanism}`)).toMatch(/^\+ /);
      expect(await client.command('*')).toBe('-ERR Authentication was called off.');
      expect(await client.logIn()).toMatch(/^\+OK/);
    },
  );

  // RFC 5034 §4 [strict-base64]
  test.each([
    'AHVzZXIAcGFzcw',
    'AHVzZXIAcGFzcw=',
    'AHVzZXIAcGFzcx==',
    '!!!',
    '=',
    '-_',
    'YQ==YQ==',
    ' ',
    '+OK',
  ])('takes nothing for base64 that is none: %j', async (response) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    await client.command('AUTH PLAIN');
    expect(await client.command(response)).toBe('-ERR That is no base64.');
    expect(await client.command('NOOP')).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  // RFC 5034 §4 [long-responses]
  test('takes responses of more than the 12288 octets that a server must take (RFC 5034 §4)', async () => {
    const password = 'x'.repeat(11_000);
    await using server = await createServer({ users: { alice: { password } } });
    await using client = await greetedClient(server.address);
    await client.command('AUTH PLAIN');
    const response = base64(`\0alice\0${password}`);
    expect(response.length).toBeGreaterThan(12_288);
    expect(await client.command(response)).toMatch(/^\+OK/);
  });

  // RFC 5034 §4 [server-first]
  // RFC 4616 §2 [plain-message]
  test.each([
    ['an unknown mechanism', 'AUTH BOGUS'],
    ['an initial response that is no base64', 'AUTH PLAIN !!!'],
    ['an empty initial response where one is needed', 'AUTH PLAIN ='],
    ['an initial response where the server begins', `AUTH CRAM-MD5 ${base64('alice')}`],
    ['an empty initial response where the server begins', 'AUTH CRAM-MD5 ='],
    ['too many words', `AUTH PLAIN ${base64('\0alice\0secret')} x`],
    ['a doubled space', `AUTH PLAIN  ${base64('\0alice\0secret')}`],
    ['somebody who acts for another', `AUTH PLAIN ${base64('root\0alice\0secret')}`],
    ['a NUL too few', `AUTH PLAIN ${base64('alice\0secret')}`],
    ['a NUL too many', `AUTH PLAIN ${base64('\0alice\0secret\0')}`],
    ['EXTERNAL without a certificate', 'AUTH EXTERNAL ='],
  ])('refuses %s, and stays in the AUTHORIZATION state', async (_, command) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command(command)).toMatch(/^-ERR /);
    expect(await client.command('STAT')).toMatch(/^-ERR /);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  test('is refused after a login', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    await client.logIn();
    expect(await client.command(`AUTH PLAIN ${base64('\0alice\0secret')}`)).toMatch(/^-ERR /);
    expect(await client.command('STAT')).toBe('+OK 0 0');
  });

  test('takes the exchange in one segment with what comes before and after it', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    client.send(`CAPA\r\nAUTH PLAIN\r\n${base64('\0alice\0secret')}\r\nSTAT\r\nQUIT\r\n`);
    expect((await client.rest()).toString()).toMatch(
      /\r\n\.\r\n\+ \r\n\+OK .*\r\n\+OK 0 0\r\n\+OK Goodbye\.\r\n$/,
    );
  });
});

async function listed(client: RawClient): Promise<string[]> {
  return (await client.multiline('AUTH')).split('\r\n').slice(1, -2);
}

async function announced(client: RawClient): Promise<string[]> {
  return (/^SASL (.*)\r$/m.exec(await client.multiline('CAPA'))?.[1] ?? '').split(' ');
}

describe('what is offered', () => {
  test('is the same in CAPA, before and after the login, and in AUTH', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    const all = [...BY_PASSWORD, ...BY_TOKEN];
    expect(await listed(client)).toEqual(all);
    expect(await announced(client)).toEqual(all);
    await client.logIn();
    expect(await announced(client)).toEqual(all);
  });

  test('is no token where nobody has one, no password where nobody has one, and nothing that is hidden', async () => {
    const token = 'x';
    for (const [users, without, expected] of [
      [{ alice: { password: 'x' } }, ['SCRAM-SHA-1', 'login'], ['SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN']],
      [{ alice: { token } }, [], ['OAUTHBEARER', 'XOAUTH2']],
    ] as const) {
      await using server = await createServer({ users, without });
      await using client = await greetedClient(server.address);
      expect(await announced(client)).toEqual(expected);
      expect(await listed(client)).toEqual(expected);
    }
  });

  // RFC 2449 §6.2 [capa-user]
  // RFC 5034 §4 [plain-offered]
  test('is nothing in clear text where TLS is required, and all within TLS', async () => {
    await using server = await serve({ tls: certificate(), requireTls: true });
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).not.toMatch(/^(SASL|USER)/m);
    for (const command of ['AUTH', 'AUTH SCRAM-SHA-256', 'APOP alice x', 'USER alice', 'PASS secret']) {
      expect(await client.command(command)).toBe('-ERR Start TLS first, with STLS.');
    }
    await client.command('STLS');
    await client.startTls(authority().cert);
    expect(await announced(client)).toEqual([...BY_PASSWORD, ...BY_TOKEN]);
    const how = { user: 'alice', secret: 'secret', initial: true };
    expect(await authenticate(client, 'SCRAM-SHA-256', how)).toMatch(/^\+OK /);
  });

  test('needs names that can be told from each other', async () => {
    const users = { jörg: { password: 'a' }, ['jörg'.normalize('NFD')]: { password: 'b' } };
    await expect(createServer({ users })).rejects.toMatchObject({ code: 'config' });
  });

  test('needs a way to log in for each user', async () => {
    await expect(createServer({ users: { alice: {} } })).rejects.toMatchObject({ code: 'config' });
  });
});
