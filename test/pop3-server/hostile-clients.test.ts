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
  return createServer({ users: { alice: { password: 'secret', messages: ['x\r\n'] } }, ...options });
}

/** The server may learn a moment later than its client that a connection is gone. */
async function untilGreeted(server: Pop3Server): Promise<string> {
  for (;;) {
    await using client = await rawClient(server.address);
    const line = await client.line();
    if (!line.startsWith('-ERR')) return line;
  }
}

describe('a line that is too long', () => {
  test.each([255, 256, 512, 8192])('is none of %d octets', async (octets) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command(`USER ${'x'.repeat(octets - 7)}`)).toMatch(/^\+OK/);
  });

  test.each([16_385, 20_000, 1_000_000])(
    'is refused once when it has %d octets, and the session goes on',
    async (octets) => {
      await using server = await serve();
      await using client = await loggedInClient(server.address);
      client.send(`${'x'.repeat(octets)}\r\nDELE 1\r\n`);
      expect(await client.line()).toBe('-ERR The line is too long.');
      expect(await client.line()).toMatch(/^\+OK/);
    },
  );

  test.each(['with a line end at last', 'without any line end'])(
    'ends the session when it seems to have no end, %s',
    async (how) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      client.send('x'.repeat(1_100_000));
      if (how.startsWith('with a')) client.send('\r\nQUIT\r\n');
      expect((await client.rest()).toString()).toBe('-ERR The line is too long.\r\n');
    },
  );

  test('is refused as a SASL response too, and the login goes on', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command('AUTH PLAIN')).toBe('+ ');
    expect(await client.command('x'.repeat(20_000))).toBe('-ERR The response is too long.');
    expect(await client.logIn()).toMatch(/^\+OK/);
  });
});

describe('commands that make no sense', () => {
  test('end the session when there are a hundred in a row', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    client.send('bogus\r\n'.repeat(1000));
    const replies = (await client.rest()).toString().split('\r\n');
    expect(replies.slice(0, 99)).toEqual(Array.from({ length: 99 }, () => '-ERR Unknown command.'));
    expect(replies.slice(99)).toEqual(['-ERR Too many bad commands.', '']);
  });

  test('are counted anew after one that makes sense', async () => {
    await using server = await serve({ limits: { badCommands: 3 } });
    await using client = await loggedInClient(server.address);
    client.send('bogus\r\nPASS x\r\nNOOP\r\nRETR\r\n\r\nRETR 9\r\nSTAT 1\r\nbogus\r\nx\r\nNOOP\r\n');
    const replies = (await client.rest()).toString().split('\r\n');
    expect(replies).toHaveLength(10);
    expect(replies.at(-2)).toBe('-ERR Too many bad commands.');
  });

  test('are those too that begin an AUTH only to call it off', async () => {
    await using server = await serve({ limits: { badCommands: 10 } });
    await using client = await greetedClient(server.address);
    client.send('AUTH PLAIN\r\n*\r\n'.repeat(50));
    const replies = (await client.rest()).toString();
    expect(replies.match(/^-ERR/gm)).toHaveLength(10);
  });

  test('are answered one by one in a stream of garbage, while nobody else waits', async () => {
    await using server = await serve();
    await using hostile = await greetedClient(server.address);
    hostile.send(Buffer.alloc(4_000_000, '\0\xff\n'));
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toBe('+OK 1 3');
    await hostile.rest();
  });
});

describe('a failed login', () => {
  test('is answered late where that is wanted, and sooner forgotten than the server is closed', async () => {
    await using server = await serve({ limits: { failedLoginDelayMs: 2 ** 31 - 1 } });
    await using client = await greetedClient(server.address);
    expect(await client.command('USER alice')).toMatch(/^\+OK/);
    client.send('PASS wrong\r\n');
    await using other = await loggedInClient(server.address);
    expect(await other.command('NOOP')).toMatch(/^\+OK/);
    expect(client.held).toBe(0);
  });

  test('ends the session when it is one too many', async () => {
    await using server = await serve({ limits: { failedLogins: 2, failedLoginDelayMs: 1 } });
    await using client = await greetedClient(server.address);
    client.send('USER alice\r\nPASS a\r\nUSER alice\r\nPASS b\r\nUSER alice\r\nPASS secret\r\n');
    expect((await client.rest()).toString()).toMatch(/^\+OK.*\r\n-ERR.*\r\n\+OK.*\r\n-ERR.*\r\n$/);
  });
});

describe('too many connections', () => {
  const users = {
    alice: { password: 'secret', messages: ['x\r\n'] },
    bob: { password: 'secret', messages: [] },
  };

  test.each([{ connections: 2 }, { connectionsPerAddress: 2 }])(
    'of people who have logged in have others turned away with a word, until one has gone (%j)',
    async (limits) => {
      const events: ServerEvent[] = [];
      await using server = await serve({ users, limits, observe: (event) => events.push(event) });
      await using first = await loggedInClient(server.address);
      await using second = await greetedClient(server.address);
      expect(await second.logIn('bob')).toMatch(/^\+OK/);
      await using third = await rawClient(server.address);
      expect((await third.rest()).toString()).toBe(
        '-ERR [SYS/TEMP] Too many connections; try again later.\r\n',
      );
      expect(events.at(-1)).toEqual({ kind: 'turned-away', address: '127.0.0.1' });
      expect(await first.command('STAT')).toBe('+OK 1 3');
      expect(await second.command('QUIT')).toMatch(/^\+OK/);
      await second.rest();
      expect(await untilGreeted(server)).toMatch(/^\+OK/);
    },
  );

  test('are turned away without a word where TLS would have to come first', async () => {
    await using server = await serve({ limits: { connections: 1 }, tls: certificate(), tlsPort: 0 });
    await using first = await loggedInClient(server.address);
    const address = { ...(server.tlsAddress ?? server.address), ca: authority().cert };
    await expect(rawClient(address)).rejects.toThrow();
    expect(await first.command('QUIT')).toMatch(/^\+OK/);
  });

  test.each([{ connections: 3 }, { connectionsPerAddress: 3 }])(
    'have the oldest one make room that has not logged in (%j)',
    async (limits) => {
      const events: ServerEvent[] = [];
      await using server = await serve({ limits, observe: (event) => events.push(event) });
      await using busy = await loggedInClient(server.address);
      await using oldest = await greetedClient(server.address);
      await using idle = await greetedClient(server.address);
      await using newcomer = await greetedClient(server.address);
      expect((await oldest.rest()).toString()).toBe('');
      expect(await idle.command('CAPA')).toMatch(/^\+OK/);
      expect(await busy.command('STAT')).toBe('+OK 1 3');
      expect(await busy.command('QUIT')).toMatch(/^\+OK/);
      expect(await newcomer.logIn()).toMatch(/^\+OK/);
      const closed = events.find((event) => event.kind === 'closed');
      expect(closed).toMatchObject({ session: 2, error: { code: 'server-temporary' } });
    },
  );

  test('that never begin TLS make room too', async () => {
    await using server = await serve({ limits: { connections: 2 }, tls: certificate(), tlsPort: 0 });
    const { tlsAddress = server.address } = server;
    await using silent = await rawClient(tlsAddress);
    await using other = await rawClient(tlsAddress);
    await using client = await greetedClient({ ...tlsAddress, ca: authority().cert });
    expect(await client.logIn()).toMatch(/^\+OK/);
    expect((await silent.rest()).toString()).toBe('');
    expect(other.held).toBe(0);
  });

  test('by the hundred, all silent, keep nobody out', async () => {
    await using server = await serve({ limits: { connectionsPerAddress: 100 } });
    const crowd = await Promise.all(Array.from({ length: 400 }, () => rawClient(server.address)));
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toBe('+OK 1 3');
    await Promise.all(crowd.map((one) => one[Symbol.asyncDispose]()));
  });
});

test.each([
  ['connections', 0],
  ['badCommands', 1.5],
  ['failedLoginDelayMs', -1],
  ['failedLogins', Number.NaN],
])('the limit %s cannot be %d', async (name, value) => {
  await expect(serve({ limits: { [name]: value } })).rejects.toMatchObject({ code: 'config' });
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 31])('the autologout time cannot be %d', async (autologoutMs) => {
  await expect(serve({ autologoutMs })).rejects.toMatchObject({ code: 'config' });
});
