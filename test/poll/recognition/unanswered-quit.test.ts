import { describe, expect, test } from 'vitest';
import { createServer, type Faults, type Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { NO_TOP, serveNamed } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const [ONE, TWO, THREE, FOUR] = [mail('one'), mail('two'), mail('three'), mail('four')] as const;
const PLAIN = (text: string): string => `Subject: no Message-ID\r\n\r\n${text}\r\n`;
const COMMITTED: Faults = [{ do: 'cut', command: 'QUIT', commit: true }];
const FORGOTTEN: Faults = [{ do: 'cut', command: 'QUIT' }];

/** Messages by their unique-ids, carried to the end but for the answer to QUIT. */
async function unanswered(
  messages: Readonly<Record<string, string>>,
  faults: Faults,
): Promise<{ server: Pop3Server; ferry: Ferry } & AsyncDisposable> {
  const named = Object.entries(messages).map(([uid, message]) => [message, uid] as const);
  const server = await serveNamed(named, faults);
  const ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: named.length });
  server.setFaults([]);
  const dispose = async (): Promise<void> => {
    await ferry[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
  return { server, ferry, [Symbol.asyncDispose]: dispose };
}

describe('I8: a message that equals, to the last octet, one whose QUIT was not answered', () => {
  test.each([
    ['and comes under a unique-id of its own', {}],
    ['without TOP to look at it first', { without: 'TOP' }],
    ['and could not be had at first', { refused: true }],
  ])(
    'is stored before it is deleted: %s',
    async (_, { without, refused }: { without?: string; refused?: boolean }) => {
      await using story = await unanswered({ u1: ONE, u2: TWO }, COMMITTED);
      const { server, ferry } = story;
      server.maildrop('alice').add(ONE, { uid: 'u3' });
      const always: Faults = without === undefined ? [] : [{ do: 'hide', names: [without] }];
      if (refused === true) {
        server.setFaults([...always, { do: 'refuse', command: 'RETR', sessions: 1 }]);
        expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, deleted: 0 });
      }
      server.setFaults(always);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
      expect(await ferry.mail()).toEqual(storedAll(ONE, ONE, TWO));
    },
  );

  test('is stored also when it comes after a poll that found the maildrop empty', async () => {
    await using story = await unanswered({ u1: ONE }, COMMITTED);
    const { server, ferry } = story;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 0 });
    expect(ferry.ledger.listed().size).toBe(0);
    server.maildrop('alice').add(ONE, { uid: 'u2' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE));
  });

  test('while one that is still listed is deleted without a second RETR', async () => {
    await using story = await unanswered({ u1: ONE, u2: TWO }, FORGOTTEN);
    const { ferry } = story;
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    const [looks, headers] = [ferry.takeCommands(), ['TOP 1 0', 'TOP 2 0']];
    // Once to find out whether they are there still, and once before they are deleted.
    const deletions = [...headers, 'DELE 1', 'DELE 2', 'QUIT'];
    expect(looks).toEqual(['STAT', 'LIST', 'UIDL', ...headers, ...deletions]);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('nor are several stored again that a server has kept, and gives other unique-ids', async () => {
    const nameless = 'Subject: without a Message-ID\r\n\r\n';
    await using story = await unanswered({ u1: ONE, u2: TWO, u3: nameless }, FORGOTTEN);
    const { server, ferry } = story;
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
    expect(await ferry.mail()).toHaveLength(3);
  });

  test('nor are they when the server lists other sizes too', async () => {
    await using story = await unanswered({ u1: ONE, u2: TWO }, FORGOTTEN);
    const { server, ferry } = story;
    server.setFaults([
      { do: 'uids', prefix: 'new-' },
      { do: 'sizes', factor: 0 },
    ]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('nor one that comes back while one that nobody has deleted has other unique-ids too', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO, THREE] } },
    });
    const refused: Faults = [{ do: 'refuse', command: 'RETR', messages: [3], sessions: 1 }];
    server.setFaults([...refused, { do: 'cut', command: 'DELE', nth: 2, commit: true }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 2 });
    expect(server.maildrop('alice').messages).toHaveLength(2);
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('nor is one that a server has kept and lists without a usable unique-id', async () => {
    await using story = await unanswered({ u1: ONE, u2: TWO, u3: THREE }, FORGOTTEN);
    const { server, ferry } = story;
    server.setFaults([
      { do: 'uids', messages: [3], uid: 'not usable' },
      { do: 'uids', messages: [1], prefix: 'new-' },
    ]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('is stored when it comes without a usable unique-id, after a deletion that was confirmed', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(ONE, { uid: 'u2' });
    server.setFaults([{ do: 'uids', uid: 'not usable' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE));
  });

  test('is stored when it comes without a usable unique-id beside one that is still listed', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.maildrop('alice').add(ONE, { uid: 'u2' });
    server.setFaults([{ do: 'uids', messages: [2], uid: 'not usable' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE));
  });

  test('and a server that refuses DELE has its mail known under new unique-ids all the same', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO] } },
    });
    server.setFaults([{ do: 'refuse', command: 'DELE' }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.setFaults([
      { do: 'refuse', command: 'DELE' },
      { do: 'uids', prefix: 'new-' },
    ]);
    expect(await ferry.poll()).toMatchObject({ fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });
});

describe('I8: where a unique-id is the number of the message', () => {
  test('an equal message under the number of one that was deleted is stored', async () => {
    await using server = await serve();
    server.maildrop('alice').add(ONE, { uid: '1' });
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(ONE, { uid: '1' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE));
  });
});

describe('I8: where a unique-id is the number of the message, after a QUIT without an answer', () => {
  test('a new message under the number of a deleted one is stored', async () => {
    await using story = await unanswered({ 1: ONE, 2: TWO }, COMMITTED);
    const { server, ferry } = story;
    server.maildrop('alice').add(FOUR, { uid: '1' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, FOUR));
  });

  test('those that moved up are known by their headers, and the one behind them is stored', async () => {
    await using story = await unanswered({ 1: ONE, 2: TWO, 3: THREE }, COMMITTED);
    const { server, ferry } = story;
    // The server has deleted the first one only.
    for (const [index, message] of [TWO, THREE, FOUR].entries())
      server.maildrop('alice').add(message, { uid: String(index + 1) });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 3 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, FOUR));
  });
});

describe('I1: after a deletion that was not confirmed, a unique-id alone', () => {
  const REFUSED: Faults = [{ do: 'refuse', command: 'QUIT', commit: true }];

  test.each([
    ['QUIT was not answered', COMMITTED, [], {}],
    ['QUIT was refused', REFUSED, [], {}],
    ['the server has no TOP', COMMITTED, NO_TOP, {}],
    ['its RETR is refused at first', COMMITTED, [], { refused: true }],
    ['the messages have no Message-ID', COMMITTED, [], { plain: true }],
  ] as const)(
    'does not delete the message that has it now: %s',
    async (_, faults, always, { refused, plain }: { refused?: boolean; plain?: boolean }) => {
      const [first, second] = plain === true ? [PLAIN('one'), PLAIN('two')] : [ONE, TWO];
      await using server = await createServer({ users: { alice: { password: 'secret' } }, faults });
      server.maildrop('alice').add(first, { uid: 'u1' });
      await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
      await ferry.poll();
      expect(server.maildrop('alice').messages).toEqual([]);
      server.maildrop('alice').add(second, { uid: 'u1' });
      if (refused === true) {
        server.setFaults([...always, { do: 'refuse', command: 'RETR', sessions: 1 }]);
        expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, deleted: 0 });
      }
      server.setFaults(always);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
      expect(await ferry.mail()).toEqual(storedAll(first, second));
    },
  );

  test.each([
    ['by its content, where the server has no TOP', ONE, NO_TOP],
    ['by its Message-ID, though the server has written a field into it', `Status: O\r\n${ONE}`, []],
  ] as const)('settles nothing; the same message is known %s', async (_, listed, always) => {
    // All are deleted, and what is put in their place stands for what the server has kept.
    await using story = await unanswered({ u1: ONE }, COMMITTED);
    const { server, ferry } = story;
    server.maildrop('alice').add(listed, { uid: 'u1' });
    server.setFaults(always);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE));
  });

  test('is enough again once its message has proved to be there still', async () => {
    await using story = await unanswered({ u1: ONE }, FORGOTTEN);
    const { server, ferry } = story;
    server.setFaults(NO_TOP);
    await ferry.poll({ deletion: { kind: 'never' } });
    server.maildrop('alice').add(TWO, { uid: 'u2' });
    ferry.takeCommands();
    await ferry.poll({ deletion: { kind: 'never' } });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual(['RETR 2']);
  });
});
