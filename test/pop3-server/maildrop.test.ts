import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Maildrop,
  MemoryMaildrop,
  type Pop3Server,
  type ServerEvent,
} from '../../src/pop3-server/index.ts';
import { greetedClient, loggedInClient } from '../support/raw-client.ts';

const ONE = Buffer.from('Subject: one\r\n\r\n1\r\n');
const TWO = Buffer.from('Subject: two\r\n\r\n22\r\n');
const THREE = Buffer.from('Subject: three\r\n\r\n333\r\n');

function serve(): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages: [ONE, TWO, THREE] } } });
}

/** An observer, and the end of the first session that it sees. */
function firstClosing(): {
  readonly observe: (event: ServerEvent) => void;
  readonly closed: Promise<ServerEvent[]>;
} {
  const emitter = new EventEmitter();
  return { observe: (event) => emitter.emit(event.kind, event), closed: once(emitter, 'closed') };
}

describe('the listings', () => {
  test('tell counts, octets and unique-ids', async () => {
    await using server = await serve();
    const [first, second, third] = server.maildrop('alice').uids;
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toBe('+OK 3 62');
    expect(await client.multiline('LIST')).toBe(
      '+OK 3 messages (62 octets)\r\n1 19\r\n2 20\r\n3 23\r\n.\r\n',
    );
    expect(await client.command('LIST 2')).toBe('+OK 2 20');
    expect((await client.multiline('UIDL')).split('\r\n').slice(1)).toEqual([
      `1 ${first}`,
      `2 ${second}`,
      `3 ${third}`,
      '.',
      '',
    ]);
    expect(await client.command('UIDL 3')).toBe(`+OK 3 ${third}`);
  });

  test('are empty but complete for an empty maildrop', async () => {
    await using server = await createServer({ users: { alice: { password: 'secret' } } });
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toBe('+OK 0 0');
    expect(await client.multiline('LIST')).toBe('+OK 0 messages (0 octets)\r\n.\r\n');
    expect(await client.command('RETR 1')).toMatch(/^-ERR/);
  });

  test('leave out what is marked as deleted, and the other numbers stay', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command('DELE 2')).toMatch(/^\+OK/);
    expect(await client.command('STAT')).toBe('+OK 2 42');
    expect(await client.multiline('LIST')).toBe('+OK 2 messages (42 octets)\r\n1 19\r\n3 23\r\n.\r\n');
    for (const command of ['LIST 2', 'UIDL 2', 'RETR 2', 'TOP 2 0', 'DELE 2']) {
      expect(await client.command(command)).toMatch(/^-ERR/);
    }
    expect(await client.command('LIST 3')).toBe('+OK 3 23');
    expect(await client.command('RSET')).toMatch(/^\+OK/);
    expect(await client.command('STAT')).toBe('+OK 3 62');
  });

  test('are long without trouble', async () => {
    const messages = Array.from({ length: 20_000 }, (_, index) => `Subject: ${index}\r\n\r\n`);
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    await using client = await loggedInClient(server.address);
    const rows = (await client.multiline('UIDL')).split('\r\n').slice(1, -2);
    expect(rows).toEqual(server.maildrop('alice').uids.map((uid, index) => `${index + 1} ${uid}`));
  });
});

describe('deletions', () => {
  test('become real at QUIT', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    await client.command('DELE 3');
    expect(server.maildrop('alice').messages).toHaveLength(3);
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    expect(server.maildrop('alice').messages).toEqual([TWO]);
  });

  test('are forgotten after RSET', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    await client.command('RSET');
    await client.command('QUIT');
    expect(server.maildrop('alice').messages).toEqual([ONE, TWO, THREE]);
  });

  test.each(['drop', 'end'] as const)(
    'are forgotten when the client leaves without QUIT (%s)',
    async (leave) => {
      const { observe, closed } = firstClosing();
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [ONE] } },
        observe,
      });
      await using client = await loggedInClient(server.address);
      await client.command('DELE 1');
      client[leave]();
      expect(await closed).toMatchObject([{ error: { code: 'connection-lost' } }]);
      expect(server.maildrop('alice').messages).toEqual([ONE]);
      await using next = await loggedInClient(server.address);
      expect(await next.command('STAT')).toBe('+OK 1 19');
    },
  );

  // RFC 1939 §6 [quit-not-all-removed]
  test('that fail are told at QUIT, and the lock is free all the same', async () => {
    const events: ServerEvent[] = [];
    const inner = new MemoryMaildrop([ONE]);
    const maildrop: Maildrop = {
      list: () => inner.list(),
      remove: () => Promise.reject(new Error('The disk is read-only.')),
    };
    const users = { alice: { password: 'secret', maildrop } };
    await using server = await createServer({ users, observe: (event) => events.push(event) });
    await using client = await loggedInClient(server.address);
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toBe('-ERR some messages not removed');
    expect(events.find(({ kind }) => kind === 'trouble')).toMatchObject({
      error: { cause: { message: 'The disk is read-only.' } },
    });
    await using next = await loggedInClient(server.address);
    expect(await next.command('STAT')).toBe('+OK 1 19');
  });
});

describe('the lock', () => {
  test('keeps a second session out until the first one is over', async () => {
    await using server = await serve();
    await using first = await loggedInClient(server.address);
    await using second = await greetedClient(server.address);
    expect(await second.logIn()).toMatch(/^-ERR \[IN-USE\] /);
    await first.command('QUIT');
    expect(await second.logIn()).toMatch(/^\+OK/);
  });

  test('is not taken by a wrong password, and not shown to one', async () => {
    await using server = await serve();
    await using first = await loggedInClient(server.address);
    await using second = await greetedClient(server.address);
    expect(await second.logIn('alice', 'wrong')).toMatch(/^-ERR \[AUTH\] /);
    expect(await first.command('NOOP')).toMatch(/^\+OK/);
  });

  // RFC 1939 §4 [unreadable-maildrop]
  // RFC 3206 §4 [sys-temp]
  test('is given back when the maildrop cannot be listed', async () => {
    let broken = true;
    const maildrop: Maildrop = {
      list: () => (broken ? Promise.reject(new Error('Not now.')) : Promise.resolve([])),
      remove: () => Promise.resolve(),
    };
    await using server = await createServer({ users: { alice: { password: 'secret', maildrop } } });
    await using client = await greetedClient(server.address);
    expect(await client.logIn()).toMatch(/^-ERR \[SYS\/TEMP\] /);
    broken = false;
    expect(await client.logIn()).toMatch(/^\+OK/);
  });
});

describe('a maildrop in memory', () => {
  // RFC 1939 §5 [numbers-fixed]
  test('shows new messages to the next session', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    server.maildrop('alice').add('Subject: new\r\n\r\n', { uid: 'my-uid' });
    expect(await client.command('STAT')).toBe('+OK 3 62');
    await client.command('DELE 1');
    await client.command('QUIT');
    await using next = await loggedInClient(server.address);
    expect(await next.command('UIDL 3')).toBe('+OK 3 my-uid');
  });

  test('gives equal messages different unique-ids, and none of them a second time', async () => {
    const maildrop = new MemoryMaildrop([ONE, ONE]);
    const [first] = await maildrop.list();
    await maildrop.remove(first === undefined ? [] : [first]);
    const third = maildrop.add(ONE);
    expect(maildrop.uids).not.toContain(first?.uid);
    expect(maildrop.uids[0]).not.toBe(third);
  });

  test('gives the same messages the same unique-ids in every process', () => {
    expect(new MemoryMaildrop([ONE, TWO]).uids).toEqual(new MemoryMaildrop([ONE, TWO]).uids);
  });

  test.each(['', 'a\r\nb', 'x'.repeat(1025), 'a€'])('refuses the unique-id %j', (uid) => {
    expect(() => new MemoryMaildrop().add(ONE, { uid })).toThrow('This unique-id cannot be sent.');
  });

  test('refuses to be one of two for a user', async () => {
    const users = { alice: { password: 'x', messages: [], maildrop: new MemoryMaildrop() } };
    await expect(createServer({ users })).rejects.toMatchObject({ code: 'config' });
  });
});
