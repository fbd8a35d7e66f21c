import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Maildrop,
  type MailError,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
  type StoredMessage,
} from '../../src/pop3-server/index.ts';
import { greetedClient, loggedInClient, type RawClient } from '../support/raw-client.ts';

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

/** A server in which alice has this maildrop, and what goes wrong there. */
async function serve(
  maildrop: Maildrop,
  options: Partial<ServerOptions> = {},
): Promise<{ readonly server: Pop3Server; readonly troubles: MailError[] }> {
  const troubles: MailError[] = [];
  const observe = (event: ServerEvent): void => {
    if (event.kind === 'trouble') troubles.push(event.error);
  };
  const users = { alice: { password: 'secret', maildrop } };
  return { server: await createServer({ users, observe, ...options }), troubles };
}

const boom = (): never => {
  throw new Error('boom');
};

describe('a maildrop that lists what cannot be sent', () => {
  // RFC 3206 §4 [sys-perm]
  test.each([
    ['a unique-id with a line end', [{ ...MESSAGE, uid: 'x\r\n.\r\n+OK injected' }]],
    ['an empty unique-id', [{ ...MESSAGE, uid: '' }]],
    ['a unique-id without end', [MESSAGE, { ...MESSAGE, uid: 'x'.repeat(1025) }]],
    ['a unique-id that is no octets', [{ ...MESSAGE, uid: 'ü€' }]],
    ['no unique-id', [{ ...MESSAGE, uid: undefined }]],
    ['no number of octets', [{ ...MESSAGE, octets: Number.NaN }]],
    ['less than no octets', [{ ...MESSAGE, octets: -1 }]],
    ['half an octet', [{ ...MESSAGE, octets: 1.5 }]],
    ['a message that cannot be read', [{ uid: 'one', octets: 3 }]],
    ['no message', [undefined]],
    ['nothing', undefined],
    ['a text', 'messages'],
  ])('refuses the login, says why, and holds no lock: %s', async (_, messages) => {
    let listed: unknown = messages;
    const { server, troubles } = await serve(
      maildropOf(MESSAGE, { list: () => Promise.resolve(listed as StoredMessage[]) }),
    );
    await using running = server;
    await using client = await greetedClient(running.address);
    expect(await client.logIn()).toBe('-ERR [SYS/PERM] The maildrop cannot be read.');
    expect(troubles).toMatchObject([{ code: 'config', hint: expect.stringMatching(/\.$/) }]);
    listed = [MESSAGE];
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  test('is none for a unique-id as servers in the field have them', async () => {
    const { server } = await serve(maildropOf({ ...MESSAGE, uid: `a \xfc${'x'.repeat(1021)}` }));
    await using running = server;
    await using client = await loggedInClient(running.address);
    expect(await client.command('UIDL 1')).toBe(`+OK 1 a \xfc${'x'.repeat(1021)}`);
  });
});

describe('a maildrop that raises an error at once, as one that rejects,', () => {
  test('refuses the login, and is named as what is wrong', async () => {
    const { server, troubles } = await serve(maildropOf(MESSAGE, { list: boom }));
    await using running = server;
    await using client = await greetedClient(running.address);
    expect(await client.logIn()).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(troubles).toMatchObject([
      { code: 'destination-io', message: 'The maildrop raised an error: boom', cause: { message: 'boom' } },
    ]);
  });

  test('refuses a message, and the session goes on', async () => {
    const { server, troubles } = await serve(maildropOf({ ...MESSAGE, read: boom }));
    await using running = server;
    await using client = await loggedInClient(running.address);
    for (const command of ['RETR 1', 'TOP 1 0'])
      expect(await client.command(command)).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(await client.command('STAT')).toBe('+OK 1 3');
    expect(troubles).toMatchObject([{ code: 'destination-io' }, { code: 'destination-io' }]);
  });

  test.each(['retrieved', 'remove'] as const)('has QUIT tell of it (%s)', async (method) => {
    const { server, troubles } = await serve(maildropOf(MESSAGE, { [method]: boom }));
    await using running = server;
    await using client = await loggedInClient(running.address);
    await client.multiline('RETR 1');
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toBe('-ERR some messages not removed');
    expect(troubles).toMatchObject([{ code: 'destination-io' }]);
  });

  test('in the middle of a message is named as what ended the session', async () => {
    const closed: (MailError | undefined)[] = [];
    const breaking = {
      ...MESSAGE,
      // oxlint-disable-next-line require-await -- the interface is asynchronous
      async *read() {
        yield Buffer.from('x\r\n');
        boom();
      },
    };
    const { server } = await serve(maildropOf(breaking), {
      observe: (event) => {
        if (event.kind === 'closed') closed.push(event.error);
      },
    });
    await using client = await loggedInClient(server.address);
    client.send('RETR 1\r\n');
    await client.rest();
    await server.close();
    expect(closed).toMatchObject([{ code: 'destination-io', message: 'The maildrop raised an error: boom' }]);
  });
});

describe('a message', () => {
  const messageOf = (block: unknown): StoredMessage => ({
    ...MESSAGE,
    // oxlint-disable-next-line require-await -- the interface is asynchronous
    async *read() {
      yield block as Uint8Array;
    },
  });

  test('may come in blocks that are no Buffers, and is byte-stuffed', async () => {
    const { server } = await serve(maildropOf(messageOf(new Uint8Array(Buffer.from('a\r\n.\r\nb\r\n')))));
    await using running = server;
    await using client = await loggedInClient(running.address);
    expect(await client.multiline('RETR 1')).toBe('+OK 3 octets\r\na\r\n..\r\nb\r\n.\r\n');
  });

  test('that comes as text is refused, with a word on what to do', async () => {
    const { server, troubles } = await serve(maildropOf(messageOf('x\r\n')));
    await using running = server;
    await using client = await loggedInClient(running.address);
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(troubles).toMatchObject([{ code: 'config', hint: expect.stringContaining('Buffer.from(text)') }]);
  });
});

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
