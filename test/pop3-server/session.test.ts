import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Maildrop,
  MemoryMaildrop,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { AUTOLOGOUT_MS } from '../../src/wire/limits.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

const THREE = ['Subject: one\r\n\r\n1\r\n', 'Subject: two\r\n\r\n22\r\n', 'Subject: three\r\n\r\n333\r\n'];

function serve(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages: THREE } }, ...options });
}

describe('a session', () => {
  test('begins with a greeting, and ends with QUIT in the AUTHORIZATION state', async () => {
    await using server = await serve();
    await using client = await rawClient(server.address);
    expect(await client.line()).toMatch(/^\+OK /);
    expect(await client.command('QUIT')).toMatch(/^\+OK /);
    expect(await client.rest()).toHaveLength(0);
  });

  test('takes keywords in any case', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command('uSeR alice')).toMatch(/^\+OK/);
    expect(await client.command('pass secret')).toMatch(/^\+OK/);
    expect(await client.command('stat')).toBe('+OK 3 62');
  });

  test.each(['STAT', 'LIST', 'LIST 1', 'UIDL', 'RETR 1', 'TOP 1 0', 'DELE 1', 'RSET', 'NOOP'])(
    'refuses %s before the login, and goes on',
    async (command) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      expect(await client.command(command)).toMatch(/^-ERR/);
      expect(await client.logIn()).toMatch(/^\+OK/);
      expect(await client.command('STAT')).toBe('+OK 3 62');
    },
  );

  test.each(['USER alice', 'PASS secret', 'APOP alice x', 'AUTH', 'AUTH PLAIN', 'STLS', 'UTF8'])(
    'refuses %s after the login',
    async (command) => {
      await using server = await serve();
      await using client = await loggedInClient(server.address);
      expect(await client.command(command)).toMatch(/^-ERR/);
      expect(await client.command('NOOP')).toMatch(/^\+OK/);
    },
  );

  test.each(['', ' ', 'HELO x', 'RETRIEVE 1', 'STAT\t', '\0\xff\x1b[31m', 'constructor', '__proto__'])(
    'refuses the unknown command %j, and goes on',
    async (command) => {
      await using server = await serve();
      await using client = await loggedInClient(server.address);
      expect(await client.command(command)).toBe('-ERR Unknown command.');
      expect(await client.command('NOOP')).toMatch(/^\+OK/);
    },
  );

  test.each([
    'RETR',
    'RETR ',
    'RETR 0',
    'RETR 4',
    'RETR -1',
    'RETR +1',
    'RETR 1x',
    'RETR 0x1',
    'RETR 1.0',
    'RETR 1e0',
    'RETR 4294967297',
    'RETR 18446744073709551617',
    'RETR  1',
    'RETR 1 ',
    'RETR 1 1',
    'RETR 1\0',
    'RETR 1\0 2',
    'DELE',
    'DELE 0',
    'DELE 4294967297',
    'DELE 1x',
    'DELE 1\0 2',
    'LIST 0',
    'LIST 4',
    'LIST 1 2',
    'LIST ',
    'UIDL 0',
    'UIDL 1x',
    'TOP',
    'TOP 1',
    'TOP 1 -1',
    'TOP 1 x',
    'TOP 1 1 1',
    'TOP 4 1',
    'TOP 1 +1',
    'TOP 1 1x',
    'TOP 1 ',
    'TOP  1 1',
    'TOP 1 18446744073709551616x',
    'RETR 9007199254740993',
    'RETR 00000000000000000000000000000',
    'UIDL -1',
    'UIDL 1 2',
    'LIST +1',
    'LIST 4294967297',
    'DELE -1',
    'LAST',
    'STAT 1',
    'STAT ',
    'NOOP 1',
    'RSET 1',
    'QUIT 1',
    'CAPA 1',
  ])('refuses %j, and touches no message', async (command) => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command(command)).toMatch(/^-ERR/);
    // "QUIT 1" ends nothing: it is no QUIT.
    expect(await client.command('STAT')).toBe('+OK 3 62');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    expect(server.maildrop('alice').messages).toHaveLength(3);
  });

  // RFC 2449 §6.6 [pipelining]
  test('answers several commands in one segment in their order, also after PASS', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    client.send('USER alice\r\nPASS secret\r\nSTAT\r\nbogus\r\nLIST 2\r\nRETR 1\r\nQUIT\r\nSTAT\r\n');
    const replies = (await client.rest()).toString('latin1');
    expect(replies.replaceAll(/(\+OK|-ERR) [A-Z].*\r/g, '$1\r')).toBe(
      '+OK\r\n+OK\r\n+OK 3 62\r\n-ERR\r\n+OK 2 20\r\n+OK 19 octets\r\nSubject: one\r\n\r\n1\r\n.\r\n+OK\r\n',
    );
  });

  test('answers all that was asked when the client then closes its side', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    client.send('USER alice\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n');
    client.end();
    expect((await client.rest()).toString()).toMatch(/\+OK Goodbye\.\r\n$/);
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('takes lines that end with LF only', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    client.send('USER alice\nPASS secret\nSTAT\n');
    await client.line();
    await client.line();
    expect(await client.line()).toBe('+OK 3 62');
  });

  // RFC 1939 §3 [autologout-no-update]
  test('is dropped, without UPDATE and without a word, when the client keeps silent', async () => {
    await using server = await serve({ autologoutMs: 50 });
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    expect(await client.rest()).toHaveLength(0);
    expect(server.maildrop('alice').messages).toHaveLength(3);
    await using next = await greetedClient(server.address);
    expect(await next.logIn()).toMatch(/^\+OK/);
  });

  // RFC 1939 §3 [autologout-minutes]
  test('has at least ten minutes for each command, and each begins them anew', async () => {
    expect(AUTOLOGOUT_MS).toBeGreaterThanOrEqual(600_000);
    // Long enough for a machine that is busy with other tests.
    await using server = await serve({ autologoutMs: 1500 });
    await using client = await loggedInClient(server.address);
    const begun = performance.now();
    while (performance.now() - begun < 2000) expect(await client.command('NOOP')).toMatch(/^\+OK/);
    expect(await client.command('STAT')).toMatch(/^\+OK/);
  });

  test('is dropped when the client drips octets that never make a command', async () => {
    await using server = await serve({ autologoutMs: 100 });
    await using client = await greetedClient(server.address);
    const drip = setInterval(() => client.send('x'), 10);
    expect(await client.rest()).toHaveLength(0);
    clearInterval(drip);
  });

  // RFC 2449 §6.9 [implementation]
  test('lists its capabilities in both states', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    const expected = [
      'TOP',
      'UIDL',
      'USER',
      'SASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN',
      'RESP-CODES',
      'AUTH-RESP-CODE',
      'PIPELINING',
      'UTF8 USER',
      'LANG',
      'IMPLEMENTATION Mailferry',
      '.',
    ];
    const before = await client.multiline('CAPA');
    await client.logIn();
    const after = await client.multiline('CAPA');
    expect(before.split('\r\n').slice(1, -1)).toEqual(expected);
    expect(after.split('\r\n').slice(1, -1)).toEqual(expected);
  });

  test.each([
    ['UIDL', 'UIDL'],
    ['TOP', 'TOP 1 0'],
    ['CAPA', 'CAPA'],
    ['noop', 'NOOP'],
  ])('does not know a hidden %s', async (hidden, command) => {
    await using server = await serve({ without: [hidden] });
    await using client = await loggedInClient(server.address);
    expect(await client.command(command)).toBe('-ERR Unknown command.');
    if (hidden !== 'CAPA') expect(await client.multiline('CAPA')).not.toMatch(new RegExp(`^${hidden}`, 'm'));
  });

  // RFC 2449 §8 [code-position]
  // RFC 1939 §13 [one-way-in]
  test('announces no hidden capability, and uses no code whose capability is hidden', async () => {
    await using server = await serve({ without: ['PIPELINING', 'SASL', 'AUTH-RESP-CODE', 'RESP-CODES'] });
    await using client = await greetedClient(server.address);
    expect(await client.multiline('CAPA')).not.toMatch(/PIPELINING|SASL|RESP/);
    expect(await client.command('AUTH PLAIN')).toBe('-ERR Unknown command.');
    expect(await client.logIn('alice', 'wrong')).toBe('-ERR Wrong user name or password.');
  });

  test('is told to the observer line by line, without passwords', async () => {
    const events: ServerEvent[] = [];
    const server = await serve({ observe: (event) => events.push(event) });
    await using client = await greetedClient(server.address);
    await client.command('AUTH PLAIN c2VjcmV0');
    await client.command('AUTH PLAIN');
    await client.command('AGFsaWNlAHNlY3JldA==');
    await client.command('QUIT');
    await using hasty = await greetedClient(server.address);
    hasty.send('AUTH BOGUS\r\nAGFsaWNlAHNlY3JldA==\r\n');
    for (let reply = 0; reply < 2; reply += 1) expect(await hasty.line()).toMatch(/^-ERR/);
    await hasty.command('QUIT');
    await server.close();
    const commands = events.flatMap((event) => (event.kind === 'command' ? [event.line] : []));
    expect(commands).toEqual(['AUTH PLAIN ***', 'AUTH PLAIN', 'QUIT', 'AUTH ***', '***', 'QUIT']);
    expect(events[0]).toEqual({ kind: 'opened', session: 1, secure: false });
    expect(events).toContainEqual({ kind: 'closed', session: 1, error: undefined });
  });
});

describe('a server', () => {
  // RFC 1939 §6 [no-update-on-abort]
  test('ends all sessions without UPDATE when it closes', async () => {
    const events: ServerEvent[] = [];
    const server = await serve({ observe: (event) => events.push(event) });
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    await server.close();
    expect(await client.rest()).toHaveLength(0);
    expect(server.maildrop('alice').messages).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ kind: 'closed', error: { code: 'connection-lost' } });
    await server.close();
  });

  test('has a session that is in UPDATE when it closes hear how that went', async () => {
    const maildrop = new MemoryMaildrop(THREE);
    const disk = new EventEmitter();
    const slow: Maildrop = {
      list: () => maildrop.list(),
      remove: async (messages) => {
        disk.emit('asked');
        await once(disk, 'answer');
        await maildrop.remove(messages);
      },
    };
    const server = await serve({ users: { alice: { password: 'secret', maildrop: slow } } });
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    client.send('QUIT\r\n');
    await once(disk, 'asked');
    const closed = server.close();
    disk.emit('answer');
    expect(await client.line()).toBe('+OK Goodbye.');
    await closed;
    expect(maildrop.messages).toHaveLength(2);
  });

  test('does not wait for ever for a client that leaves and reads nothing', async () => {
    const server = await serve({ faults: [{ do: 'stall', command: 'QUIT' }] });
    await using client = await loggedInClient(server.address);
    client.send('QUIT\r\n');
    await server.close();
    expect(await client.rest()).toHaveLength(0);
  });

  test.each([
    ['TLS is asked for without a key', { tlsPort: 0 }],
    ['TLS is required without a key', { requireTls: true }],
    ['the key is no key', { tls: { key: 'x', cert: 'y' } }],
    ['the port is not to be had', { host: '203.0.113.1' }],
  ])('does not start when %s', async (_, options) => {
    await expect(serve(options)).rejects.toMatchObject({ code: 'config' });
  });

  test('does not start where a port is taken', async () => {
    await using server = await serve();
    await expect(serve({ port: server.address.port })).rejects.toThrow('Cannot listen on 127.0.0.1');
  });

  test('has no memory maildrop for a stranger', async () => {
    await using server = await serve();
    expect(() => server.maildrop('bob')).toThrow('There is no maildrop in memory for "bob".');
  });
});
