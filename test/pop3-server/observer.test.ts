import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Maildrop,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

const KINDS = ['opened', 'command', 'reply', 'response', 'entered', 'trouble', 'closed'] as const;

const maildrop: Maildrop = {
  list: () => Promise.resolve([]),
  retrieved: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
const unreadable: Maildrop = { ...maildrop, list: () => Promise.reject(new Error('Not now.')) };
const users: ServerOptions['users'] = {
  alice: { password: 'secret', maildrop },
  bob: { password: 'secret', maildrop: unreadable },
};

/** Has the first session see every kind of event. */
async function eventful(server: Pop3Server): Promise<string> {
  await using client = await rawClient(server.address);
  client.send('AUTH PLAIN\r\n*\r\nUSER bob\r\nPASS secret\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n');
  return (await client.rest()).toString();
}

describe('what the observer raises', () => {
  test.each(KINDS)('at "%s" ends that session, and closing the server raises it once', async (kind) => {
    const failure = new Error('I expected something else.');
    const events: ServerEvent[] = [];
    const server = await createServer({
      users,
      observe: (event) => {
        events.push(event);
        if ('session' in event && event.session === 1 && event.kind === kind) throw failure;
      },
    });
    const replies = await eventful(server);
    if (kind !== 'closed') expect(replies).not.toContain('Goodbye');
    await using other = await loggedInClient(server.address);
    expect(await other.command('QUIT')).toBe('+OK Goodbye.');
    await other.rest();
    await expect(server.close()).rejects.toBe(failure);
    await server.close();
    if (kind === 'closed') return;
    expect(events.find((event) => event.kind === 'closed')).toMatchObject({
      session: 1,
      error: { code: 'usage', cause: failure },
    });
  });

  test('at QUIT keeps what was marked', async () => {
    const server = await createServer({
      users: { alice: { password: 'secret', messages: ['x\r\n'] } },
      observe: (event) => {
        if (event.kind === 'command' && event.line === 'QUIT') throw new Error('Too soon.');
      },
    });
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    client.send('QUIT\r\n');
    expect(await client.rest()).toHaveLength(0);
    await expect(server.close()).rejects.toThrow('Too soon.');
    expect(server.maildrop('alice').messages).toHaveLength(1);
  });

  test('about somebody who is turned away does not keep the others waiting', async () => {
    const server = await createServer({
      users,
      limits: { connections: 1 },
      observe: ({ kind }) => {
        if (kind === 'turned-away') throw new Error('Nobody should be.');
      },
    });
    await using client = await loggedInClient(server.address);
    await using late = await rawClient(server.address);
    expect((await late.rest()).toString()).toMatch(/^-ERR /);
    expect(await client.command('STAT')).toBe('+OK 0 0');
    await expect(server.close()).rejects.toThrow('Nobody should be.');
  });

  test('about a handshake that fails is raised at the end too', async () => {
    const server = await createServer({
      users,
      tls: certificate(),
      tlsPort: 0,
      observe: ({ kind }) => {
        throw new Error(kind);
      },
    });
    await using clear = await rawClient(server.tlsAddress ?? server.address);
    clear.send('USER alice\r\n');
    await clear.rest();
    await expect(server.close()).rejects.toThrow('closed');
  });

  test('before a message is sent has its file closed', async () => {
    let returned = 0;
    const blocks = {
      next: () => Promise.resolve({ done: false, value: Buffer.from('x\r\n') }),
      return: () => {
        returned += 1;
        return Promise.resolve({ done: true, value: undefined } as const);
      },
    };
    const message = { uid: 'one', octets: 3, read: () => ({ [Symbol.asyncIterator]: () => blocks }) };
    const server = await createServer({
      users: {
        alice: { password: 'secret', maildrop: { ...maildrop, list: () => Promise.resolve([message]) } },
      },
      observe: (event) => {
        if (event.kind === 'reply' && event.line === '+OK 3 octets') throw new Error('Not so.');
      },
    });
    await using client = await greetedClient(server.address);
    await client.logIn();
    client.send('RETR 1\r\n');
    await client.rest();
    await expect(server.close()).rejects.toThrow('Not so.');
    expect(returned).toBe(1);
  });
});
