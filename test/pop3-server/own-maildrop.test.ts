import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Maildrop,
  type ServerEvent,
  type StoredMessage,
} from '../../src/pop3-server/index.ts';
import { greetedClient, type RawClient } from '../support/raw-client.ts';

const MESSAGE: StoredMessage = {
  uid: 'one',
  octets: 3,
  // oxlint-disable-next-line require-await -- the interface is asynchronous
  async *read() {
    yield Buffer.from('x\r\n');
  },
};

function maildropOf(message: StoredMessage, methods: Partial<Maildrop> = {}): Maildrop {
  return { list: () => Promise.resolve([message]), remove: () => Promise.resolve(), ...methods };
}

describe('a maildrop that never answers', () => {
  const asked = new EventEmitter();
  const never = <T>(what: string): Promise<T> => {
    asked.emit(what);
    return new Promise(() => undefined);
  };
  // oxlint-disable-next-line require-yield -- it never gives anything
  const silent = async function* (): AsyncGenerator<Buffer> {
    await never('read');
  };
  const maildrops = {
    list: maildropOf(MESSAGE, { list: () => never('list') }),
    read: maildropOf({ ...MESSAGE, read: silent }),
    remove: maildropOf(MESSAGE, { remove: () => never('remove') }),
  };

  test('does not keep the server from closing, and is told of', async () => {
    const events: ServerEvent[] = [];
    const users = Object.fromEntries(
      Object.entries(maildrops).map(([name, maildrop]) => [name, { password: 'secret', maildrop }]),
    );
    const server = await createServer({ users, observe: (event) => events.push(event) });
    const busyWith = async (user: string, commands: string): Promise<RawClient> => {
      const client = await greetedClient(server.address);
      const waiting = once(asked, user);
      client.send(`USER ${user}\r\nPASS secret\r\n${commands}`);
      await waiting;
      return client;
    };
    await using lister = await busyWith('list', '');
    await using reader = await busyWith('read', 'RETR 1\r\n');
    await using remover = await busyWith('remove', 'DELE 1\r\nQUIT\r\n');
    await server.close();
    for (const client of [lister, reader, remover])
      expect((await client.rest()).toString()).toMatch(/^(\+OK .*\r\n)*$/);
    expect(events.filter(({ kind }) => kind === 'trouble')).toMatchObject(
      [1, 2, 3].map((session) => ({ session, error: { code: 'timeout' } })),
    );
  });

  test('keeps nobody out but those who want the same maildrop', async () => {
    await using server = await createServer({
      users: {
        list: { password: 'secret', maildrop: maildrops.list },
        alice: { password: 'secret', maildrop: maildropOf(MESSAGE) },
      },
    });
    await using first = await greetedClient(server.address);
    const waiting = once(asked, 'list');
    first.send('USER list\r\nPASS secret\r\n');
    await waiting;
    await using second = await greetedClient(server.address);
    expect(await second.logIn('list')).toMatch(/^-ERR \[IN-USE\]/);
    expect(await second.logIn('alice')).toMatch(/^\+OK/);
  });
});
