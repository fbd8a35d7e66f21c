import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Draft } from '../../../src/delivery/destination.ts';
import { createServer, type Faults, type Pop3Server } from '../../../src/pop3-server/index.ts';
import { destinationWith, Ferry, mail, pollAndDie, storedAll } from '../ferry.ts';
import { markedAsRead, NO_TOP, NUMBERS, rewrite, takeAway } from '../odd-server.ts';
import { DAY_MS, keptFor, NEVER } from '../policies.ts';

const KEPT = keptFor(3);

/** Mail as machines write it: all of one size. */
const DAYS = Array.from({ length: 12 }, (_, day) => mail(`day-${10 + day}`));

const NO_NUMBER: Faults[number] = { do: 'uids', messages: [3], uid: '' };

function serverWith(faults: Faults, ...messages: string[]): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages } }, faults });
}

/** As when the power goes before anything is there. */
function takingNothing(destination: Destination): Destination {
  const begin = (): Draft => {
    const draft = destination.begin();
    const commit = (): Promise<never> => draft.discard().then(() => Promise.reject(new Error('no power')));
    return { write: (block) => draft.write(block), discard: () => draft.discard(), commit };
  };
  return destinationWith(destination, { begin });
}

describe.each([
  ['with TOP', NUMBERS],
  ['without TOP', [...NUMBERS, ...NO_TOP]],
])('messages of one size, under numbers that pass on to the next one (%s)', (_, faults) => {
  test('all come, once, though another client deletes the oldest each day', async () => {
    await using server = await serverWith(faults);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    for (const [day, message] of DAYS.entries()) {
      if (day > 3) await takeAway(server);
      server.maildrop('alice').add(message);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
      ferry.runtime.advance(DAY_MS);
    }
    expect(await ferry.mail()).toEqual(storedAll(...DAYS));
  });

  test('all come, though the number of the last one is left out for once', async () => {
    const [first = '', second = '', third = '', last = ''] = DAYS;
    await using server = await serverWith(faults, first, second);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    await takeAway(server);
    for (const message of [third, last]) server.maildrop('alice').add(message);
    server.setFaults([
      ...faults.filter(({ do: what }) => what !== 'uids'),
      ...NUMBERS.slice(0, 2),
      NO_NUMBER,
    ]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.mail()).toEqual(storedAll(first, second, third, last));
  });

  test('I1: none is deleted that did not come', async () => {
    await using server = await serverWith(faults);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    for (const message of DAYS) {
      server.maildrop('alice').add(message);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
      ferry.runtime.advance(DAY_MS);
    }
    for (let day = 0; day < 8; day += 1) {
      await ferry.poll();
      ferry.runtime.advance(DAY_MS);
    }
    expect(await ferry.mail()).toEqual(storedAll(...DAYS));
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

test('I3: what a kill left in one of two destinations is no part of the message that has its number next', async () => {
  const [first = '', second = '', third = ''] = DAYS;
  await using server = await serverWith([...NUMBERS, ...NO_TOP], first);
  await using ferry = await Ferry.to(server.address, { account: NEVER, destinations: ['maildir', 'mbox'] });
  await ferry.poll();
  server.maildrop('alice').add(second);
  ferry.wrapDestinations = (all) => all.map((one) => (one.hasNames ? one : takingNothing(one)));
  await pollAndDie(ferry);
  ferry.wrapDestinations = (all) => all;
  await takeAway(server, 1);
  server.maildrop('alice').add(third);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
  expect(await ferry.mail('maildir')).toEqual(storedAll(first, second, third));
  expect(await ferry.mail('mbox')).toEqual(storedAll(first, third));
});

test('I1, I9: a message under the unique-id of one that was carried is not deleted for it, but carried, and said to be missing until then', async () => {
  const [first = '', second = '', third = ''] = DAYS;
  await using server = await serverWith([], first);
  server.maildrop('alice').add(second, { uid: 'u2' });
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  await takeAway(server, 1);
  server.maildrop('alice').add(third, { uid: 'u2' });
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  expect(await ferry.mail()).toEqual(storedAll(first, second, third));
  expect(server.maildrop('alice').messages.map(String)).toEqual([third]);
});

test('I1: what is stored tells, also under a name that mbsync has made longer, where one Message-ID is that of all mail', async () => {
  const [monday, tuesday] = ['Monday', 'Tuesday'].map(
    (day) => `Message-ID: <alarm@camera.example>\r\nSubject: ${day}\r\n\r\ntext\r\n`,
  ) as [string, string];
  await using server = await serverWith([]);
  server.maildrop('alice').add(monday, { uid: 'u1' });
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  const [name = ''] = await readdir(ferry.folder.at('maildir', 'new'));
  await rename(ferry.folder.at('maildir', 'new', name), ferry.folder.at('maildir', 'cur', `${name},U=7:2,S`));
  await takeAway(server);
  server.maildrop('alice').add(tuesday, { uid: 'u1' });
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 0 });
  expect(await ferry.mail()).toEqual(storedAll(monday, tuesday));
});

test('I1: what is stored tells, also where its owner has removed mail before it from an mbox', async () => {
  const [monday, tuesday] = ['Monday', 'Tuesday'].map(
    (day) => `Message-ID: <alarm@camera.example>\r\nSubject: ${day}\r\n\r\ntext\r\n`,
  ) as [string, string];
  const [before = ''] = DAYS;
  await using server = await serverWith([], before);
  server.maildrop('alice').add(monday, { uid: 'u1' });
  await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
  await ferry.poll();
  const mbox = (await readFile(ferry.folder.at('mbox'))).toString('latin1');
  await writeFile(ferry.folder.at('mbox'), mbox.slice(mbox.lastIndexOf('\nFrom ') + 1), 'latin1');
  await takeAway(server, 1);
  server.maildrop('alice').add(tuesday, { uid: 'u1' });
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  expect(await ferry.mail('mbox')).toEqual(storedAll(monday, tuesday));
});

/** As a device writes it, which sets no clock; those who pass it on add a line of their own. */
const alarm = (number: number, fields = ''): string =>
  `Received: from camera with id ${number}\r\n${fields}Subject: alarm\r\n\r\npicture ${number}\r\n`;

test.each([
  ['neither Message-ID nor Date', ''],
  ['no Message-ID, and all of one second', 'Date: Mon, 1 Mar 2027 07:00:00 +0000\r\n'],
  ['no Date, and one Message-ID for all', 'Message-ID: <alarm@camera.example>\r\n'],
])('I1: mail with %s is told apart by the rest of its header', async (_, fields) => {
  const [first, second] = [alarm(1, fields), alarm(2, fields)];
  await using server = await serverWith([]);
  server.maildrop('alice').add(first, { uid: 'u1' });
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  await rewrite(server, () => second);
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 0 });
  expect(await ferry.mail()).toEqual(storedAll(first, second));
});

test('I8: under numbers that have moved up, such mail comes all the same', async () => {
  const all = [1, 2, 3, 4].map((number) => alarm(number));
  await using server = await serverWith(NUMBERS, ...all.slice(0, 3));
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  await ferry.poll();
  await takeAway(server);
  server.maildrop('alice').add(all[3] ?? '');
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(...all));
});

describe('a message that is still the one that was delivered is deleted without a second RETR', () => {
  const FIELD = 'X-Seen: by the server\r\n';

  test.each([
    ['with a field that its server has written into it since', 'u1', DAYS[0] ?? '', FIELD],
    ['also without a Message-ID', 'u1', 'Subject: none\r\n\r\ntext\r\n', ''],
    ['also with such a field and without a Message-ID', 'u1', 'Subject: none\r\n\r\ntext\r\n', FIELD],
  ])('%s', async (_, uid, message, field) => {
    await using server = await serverWith([]);
    server.maildrop('alice').add(message, { uid });
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    await takeAway(server);
    server.maildrop('alice').add(field + message, { uid });
    ferry.runtime.advance(4 * DAY_MS);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(ferry.takeCommands()).toContain('TOP 1 0');
    expect(await ferry.mail()).toEqual(storedAll(message));
  });
});

test('a number without a Message-ID is deleted once its content has told that it is the same', async () => {
  const message = 'Subject: none\r\n\r\ntext\r\n';
  await using server = await serverWith(NUMBERS, message);
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
  expect(ferry.takeCommands().filter((command) => command === 'RETR 1')).toHaveLength(2);
  expect(await ferry.mail()).toEqual(storedAll(message));
});

test('I9: a header that has no end costs what is to be deleted one session, and no message', async () => {
  const [first = '', second = ''] = DAYS;
  await using server = await serverWith([], first, second);
  await using ferry = await Ferry.to(server.address, {
    account: { ...KEPT, timeouts: { connectMs: 5000, idleMs: 300 } },
  });
  await ferry.poll();
  ferry.runtime.advance(4 * DAY_MS);
  server.setFaults([{ do: 'omit-end', command: 'TOP', messages: [1], sessions: 1 }]);
  await ferry.poll();
  for (let polls = 0; polls < 3; polls += 1) await ferry.poll();
  expect(server.maildrop('alice').messages).toEqual([]);
  expect(await ferry.mail()).toEqual(storedAll(first, second));
});

test.each(['[SYS/TEMP] not now', 'no'])(
  'I1: where TOP is refused (%s), its content tells what a message under the unique-id of a carried one is',
  async (text) => {
    const [first = '', second = '', third = ''] = DAYS;
    await using server = await serverWith([], first, second);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    const [uid = ''] = server.maildrop('alice').uids;
    await takeAway(server);
    server.maildrop('alice').add(third, { uid });
    ferry.runtime.advance(4 * DAY_MS);
    server.setFaults([{ do: 'refuse', command: 'TOP', text }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(first, second, third));
    expect(server.maildrop('alice').messages.map(String)).toEqual([third]);
  },
);

describe('a line that is cut at TOP, before what was kept is deleted,', () => {
  const cut = { do: 'cut', command: 'TOP', messages: [1] } as const;

  test.each(['maildir', 'mbox'] as const)(
    'I8: has nothing stored twice, whatever the server writes into it: %s',
    async (kind) => {
      const [first = '', second = ''] = DAYS;
      await using server = await serverWith([], first, second);
      await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: [kind] });
      await ferry.poll();
      await rewrite(server, markedAsRead);
      ferry.runtime.advance(4 * DAY_MS);
      server.setFaults([{ ...cut, sessions: 1 }]);
      expect(await ferry.poll()).toMatchObject({
        outcome: 'failed',
        skipped: 0,
        error: { code: 'connection-lost' },
      });
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
      expect(await ferry.mail(kind)).toEqual(storedAll(first, second));
    },
  );

  test('I9: each time, keeps no other from being deleted', async () => {
    const [first = '', second = ''] = DAYS;
    await using server = await serverWith([], first, second);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    await rewrite(server, markedAsRead);
    ferry.runtime.advance(4 * DAY_MS);
    server.setFaults([cut]);
    for (let polls = 0; polls < 3; polls += 1)
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
    // Its content has told that it is the same, which was kept for as long as it was to be.
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    expect(await ferry.mail()).toEqual(storedAll(first, second));
  });
});

test.each([
  ['as it was', (message: string) => message],
  ['marked as read', markedAsRead],
])(
  'I8: a line that is cut at the headers of numbered mail, %s, has nothing stored twice',
  async (_, change) => {
    const [first = '', second = ''] = DAYS;
    await using server = await serverWith(NUMBERS, first, second);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    await rewrite(server, change);
    server.setFaults([...NUMBERS, { do: 'cut', command: 'TOP', sessions: 1 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    server.setFaults([...NUMBERS, { do: 'cut', command: 'TOP' }]);
    for (let polls = 0; polls < 5; polls += 1) await ferry.poll();
    server.setFaults(NUMBERS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(first, second));
  },
);

test('a second copy of a message is another one still, after TOP was refused for all that was to be deleted', async () => {
  const direct = 'Message-ID: <x@y>\r\nSubject: direct\r\n\r\nsame body\r\n';
  const byList = `Received: by a list\r\n${direct}`;
  const [other = ''] = DAYS;
  await using server = await serverWith([{ do: 'refuse', command: 'TOP' }], direct, other);
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  ferry.runtime.advance(4 * DAY_MS);
  server.setFaults([
    { do: 'refuse', command: 'TOP' },
    { do: 'refuse', command: 'DELE' },
  ]);
  await ferry.poll();
  await takeAway(server);
  server.maildrop('alice').add(byList);
  server.setFaults([]);
  expect(await ferry.poll()).toMatchObject({ fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(direct, other, byList));
});

test('I1: where there is no TOP, a message of another size under the unique-id of a carried one is compared before it is deleted', async () => {
  const [first = ''] = DAYS;
  const other = mail('another one');
  await using server = await serverWith(NO_TOP);
  server.maildrop('alice').add(first, { uid: 'u1' });
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  await takeAway(server);
  server.maildrop('alice').add(other, { uid: 'u1' });
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 0 });
  expect(await ferry.mail()).toEqual(storedAll(first, other));
  ferry.runtime.advance(4 * DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
});

describe('I1: on a server that does not say what it can do,', () => {
  const NO_CAPA: Faults = [{ do: 'refuse', command: 'CAPA' }];

  /** What a poll fetches and deletes when mail has been kept long enough, and which messages it asks for again. */
  async function after(
    faults: Faults,
  ): Promise<{ readonly deleted: number; readonly again: readonly string[] }> {
    const [first = '', second = ''] = DAYS;
    await using server = await serverWith([...NO_CAPA, ...faults], first, second);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    ferry.runtime.advance(4 * DAY_MS);
    ferry.takeCommands();
    const { deleted } = await ferry.poll();
    return { deleted, again: ferry.takeCommands().filter((command) => command.startsWith('RETR')) };
  }

  test('a header that is refused, where others come, leaves it to the content', async () => {
    const refused: Faults = [{ do: 'refuse', command: 'TOP', messages: [1] }];
    expect(await after(refused)).toEqual({ deleted: 2, again: ['RETR 1'] });
  });

  test('and gives no header at all, unique-id and size are believed', async () => {
    expect(await after([{ do: 'refuse', command: 'TOP' }])).toEqual({ deleted: 2, again: [] });
  });
});

test('where there is no TOP, a message of the same size under the same unique-id is deleted without a second RETR', async () => {
  const [first = ''] = DAYS;
  await using server = await serverWith(NO_TOP, first);
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  ferry.runtime.advance(4 * DAY_MS);
  ferry.takeCommands();
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
  expect(ferry.takeCommands()).not.toContain('RETR 1');
});
