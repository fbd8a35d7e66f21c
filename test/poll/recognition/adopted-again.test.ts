import { describe, expect, test } from 'vitest';
import { adoptAccount } from '../../../src/poll/adopt.ts';
import type { UniqueId } from '../../../src/pop3/types.ts';
import type { Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { NUMBERS, takeAway } from '../odd-server.ts';
import { AFTER_DELIVERY, DAY_MS } from '../policies.ts';

const CONTROL = { stop: new AbortController().signal, abort: new AbortController().signal };
const [ONE, TWO] = [mail('one'), mail('two', 'two '.repeat(9))] as const;

async function serverWith(messages: Readonly<Record<string, string>>): Promise<Pop3Server> {
  const server = await serve();
  for (const [uid, message] of Object.entries(messages)) server.maildrop('alice').add(message, { uid });
  return server;
}

const adopt = async (ferry: Ferry): Promise<unknown> =>
  adoptAccount(ferry.account, ferry.deps(), { none: false, control: CONTROL });

const importAll = (ferry: Ferry): Promise<unknown> =>
  ferry.ledger.recordImported(
    ['u1', 'u2'].map((uid) => ({ uid: uid as UniqueId, seenAt: 1000 })),
    'fetchmail',
  );

/** Two messages count as carried, by one way or the other, and a poll has seen them. */
async function counted(server: Pop3Server, count: (ferry: Ferry) => Promise<unknown>): Promise<Ferry> {
  const ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  await count(ferry);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 0, kept: 2 });
  ferry.runtime.advance(DAY_MS);
  return ferry;
}

describe.each([
  ['adopted', adopt],
  ['imported', importAll],
])('mail that was %s is neither downloaded nor deleted', (_, count) => {
  test('where the server lists nothing for once', async () => {
    await using server = await serverWith({ u1: ONE, u2: TWO });
    await using ferry = await counted(server, count);
    await using empty = await serve();
    expect(await ferry.poll(empty.address)).toMatchObject({ outcome: 'ok', listed: 0 });
    ferry.runtime.advance(DAY_MS);
    for (let poll = 1; poll <= 2; poll += 1)
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 0, kept: 2 });
    ferry.takeCommands();
    await ferry.poll();
    expect(ferry.takeCommands().filter((command) => /^(?:TOP|RETR)/.test(command))).toEqual([]);
    expect(await ferry.mail()).toEqual([]);
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('where the server lists nothing for once, and then once more', async () => {
    await using server = await serverWith({ u1: ONE, u2: TWO });
    await using ferry = await counted(server, count);
    await using empty = await serve();
    for (let time = 1; time <= 3; time += 1) {
      expect(await ferry.poll(empty.address)).toMatchObject({ outcome: 'ok', listed: 0 });
      ferry.runtime.advance(DAY_MS);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 0, kept: 2 });
    }
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('where the host has another name', async () => {
    await using server = await serverWith({ u1: ONE, u2: TWO });
    await using ferry = await counted(server, count);
    for (let poll = 1; poll <= 2; poll += 1)
      expect(await ferry.poll({ host: 'localhost' })).toMatchObject({ fetched: 0, deleted: 0, kept: 2 });
    expect(await ferry.mail()).toEqual([]);
  });

  test('but what has its unique-id and another size, since it is listed again, is carried', async () => {
    await using server = await serverWith({ u1: ONE, u2: TWO });
    await using ferry = await counted(server, count);
    await using empty = await serve();
    await ferry.poll(empty.address);
    ferry.runtime.advance(DAY_MS);
    await using later = await serverWith({ u1: TWO, u2: TWO });
    expect(await ferry.poll(later.address)).toMatchObject({ outcome: 'ok', fetched: 1, kept: 1 });
    expect(await ferry.mail()).toEqual(storedAll(TWO));
  });
});

describe('what has a number for its unique-id, and is listed again with the size of an adopted message,', () => {
  const adopted = { '11': ONE, '12': TWO };
  test.each([
    ['is carried where the numbers have begun anew, as the size of another shows', { '12': mail('ten') }, 2],
    ['is left where only few have another size', { '12': TWO, '13': mail('ten', 'ten '.repeat(30)) }, 1],
  ])('%s', async (_, others, fetched) => {
    await using server = await serverWith({ ...adopted, '13': mail('ten') });
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await adopt(ferry);
    await using empty = await serve();
    await ferry.poll(empty.address);
    await using later = await serverWith({ '11': mail('six'), ...others });
    expect(await ferry.poll(later.address)).toMatchObject({ outcome: 'ok', fetched });
  });
});

test('what has a number for its unique-id in another maildrop, and the size of an adopted message, is carried', async () => {
  await using server = await serverWith({ '11': ONE, '12': TWO });
  await using ferry = await counted(server, adopt);
  expect(await ferry.poll({ host: 'localhost' })).toMatchObject({ fetched: 2 });
});

test('what is listed again without a size is carried', async () => {
  await using server = await serverWith({ u1: ONE, u2: TWO });
  server.setFaults([{ do: 'sizes', factor: 0, offset: 0 }]);
  await using ferry = await counted(server, adopt);
  await using empty = await serve();
  await ferry.poll(empty.address);
  ferry.runtime.advance(DAY_MS);
  expect(await ferry.poll()).toMatchObject({ fetched: 2 });
});

test('I9: new mail that gets the number of an imported message, where unique-ids are numbers, is carried', async () => {
  await using server = await serve(ONE, TWO);
  server.setFaults(NUMBERS);
  await using ferry = await counted(server, ({ ledger }) =>
    ledger.recordImported(
      ['1', '2'].map((uid) => ({ uid: uid as UniqueId, seenAt: 1000 })),
      'getmail',
    ),
  );
  await takeAway(server, 1);
  server.maildrop('alice').add(mail('three', 'three '.repeat(300)));
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 1 });
  expect(await ferry.mail()).toEqual(storedAll(mail('three', 'three '.repeat(300))));
});
