import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../../src/poll/limits.ts';
import {
  createServer,
  type Faults,
  type MemoryMaildrop,
  type Pop3Server,
} from '../../../src/pop3-server/index.ts';
import { Ferry, killedBeforeRecording, mail, serve, storedAll } from '../ferry.ts';
import { NO_TOP, NUMBERS } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';
import { refusing } from '../refusing.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')];
/** Without a Message-ID. */
const nameless = (text: string): string => `Subject: ${text}\r\n\r\n${text}\r\n`;

const users = { alice: { password: 'secret' } };

/** As with web mail, while nobody polls. */
async function removeAll(maildrop: MemoryMaildrop): Promise<void> {
  await maildrop.remove(await maildrop.list());
}

async function removeFirst(maildrop: MemoryMaildrop): Promise<void> {
  await maildrop.remove((await maildrop.list()).slice(0, 1));
}

const LATE = mail('late');

describe('I8: another message is not taken for one that was carried', () => {
  test('when the account gets another user under its old name', async () => {
    await using server = await createServer({ users: { ...users, bob: { password: 'secret' } } });
    server.maildrop('alice').add(ONE, { uid: '1' });
    server.maildrop('bob').add(TWO, { uid: '1' });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    expect(await ferry.poll({ user: 'bob', ...AFTER_DELIVERY })).toMatchObject({ fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('while another host name for the same maildrop brings nothing a second time', async () => {
    await using server = await createServer({ users });
    for (const message of [ONE, TWO]) server.maildrop('alice').add(message);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    expect(await ferry.poll({ host: 'localhost' })).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('when its unique-id was given again between two polls', async () => {
    await using server = await createServer({ users });
    const maildrop = server.maildrop('alice');
    maildrop.add(ONE, { uid: '1' });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await removeAll(maildrop);
    maildrop.add(mail('other', 'x'.repeat(3000)), { uid: '1' });
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toHaveLength(2);
  });

  test('when it has the same header and another size', async () => {
    await using server = await createServer({ users });
    const maildrop = server.maildrop('alice');
    maildrop.add(mail('draft', 'first'), { uid: 'u1' });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await removeAll(maildrop);
    maildrop.add(mail('draft', 'second, with more text'), { uid: 'u2' });
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ fetched: 1 });
    expect(await ferry.mail()).toHaveLength(2);
  });

  test('by one of two destinations that has an older message of its unique-id', async () => {
    await using server = await createServer({ users });
    const maildrop = server.maildrop('alice');
    maildrop.add(ONE, { uid: '1' });
    const destinations = ['maildir', 'maildir-2'] as const;
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations });
    ferry.wrapDestinations = (all) => all.map((it, index) => (index === 0 ? refusing(it) : it));
    await ferry.poll();
    ferry.wrapDestinations = (all) => all;
    await removeAll(maildrop);
    await ferry.poll();
    maildrop.add(TWO, { uid: '1' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail('maildir')).toContain(storedAll(TWO)[0]);
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(ONE, TWO));
  });
});

test('I8: what a kill has left in one of two destinations is that of no equal message', async () => {
  const equal = mail('equal', 'line\r\n'.repeat(200));
  const messages = [equal, equal];
  await using server = await serve(...messages);
  const destinations = ['maildir', 'mbox'] as const;
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations });
  ferry.wrapDestinations = (all) => all.map((it, index) => (index === 1 ? refusing(it) : it));
  ferry.wrapLedger = killedBeforeRecording;
  await ferry.poll();
  ferry.wrapLedger = (ledger) => ledger;
  await ferry.restart();
  expect(await ferry.mail('maildir')).toEqual(storedAll(...messages));
  ferry.wrapDestinations = (all) => all;
  // By its size the second may be another message than the one that its name tells.
  server.setFaults([{ do: 'sizes', messages: [2], factor: 0 }]);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
  for (const place of destinations) expect(await ferry.mail(place)).toEqual(storedAll(...messages));
});

describe('I8: when a server changes every unique-id', () => {
  test.each([
    ['with TOP', []],
    ['without TOP', NO_TOP],
  ] as const)('while one destination is full, the other has each message once (%s)', async (_, faults) => {
    const messages = [ONE, TWO, TWO];
    await using server = await serve(...messages);
    const destinations = ['maildir', 'mbox'] as const;
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations });
    ferry.wrapDestinations = (all) => all.map((it, index) => (index === 1 ? refusing(it) : it));
    await ferry.poll();
    server.setFaults([{ do: 'uids', prefix: 'new-' }, ...faults]);
    await ferry.poll();
    server.setFaults([{ do: 'uids', prefix: 'newer-' }, ...faults]);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 3 });
    for (const place of destinations) expect(await ferry.mail(place)).toEqual(storedAll(...messages));
  });

  test('and the line is cut before all are recognised, the next poll goes on with that', async () => {
    const messages = [
      ...Array.from({ length: 8 }, (_, index) => mail(`m${index}`)),
      nameless('x'),
      nameless('y'),
    ];
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.setFaults([
      { do: 'uids', prefix: 'new-' },
      { do: 'cut', command: 'RETR', sessions: 1 },
    ]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 10 });
    expect(await ferry.mail()).toHaveLength(10);
  });

  test('without TOP and with a limit for one poll, nothing is stored twice', async () => {
    const messages = Array.from({ length: 10 }, (_, index) => mail(`m${index}`));
    await using server = await createServer({
      users: { alice: { password: 'secret', messages } },
      without: ['TOP'],
    });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    const limits = { messageOctets: undefined, messagesPerPoll: 6, octetsPerPoll: undefined };
    for (let poll = 0; poll < 3; poll += 1) await ferry.poll({ limits });
    expect(await ferry.mail()).toHaveLength(10);
  });

  test('a header without end is cut off (I7)', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.setFaults([
      { do: 'uids', prefix: 'new-' },
      { do: 'endless', command: 'TOP', what: 'body' },
    ]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', error: { code: 'protocol' } });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
  });

  test('only some of them, those are recognised too', async () => {
    const messages = Array.from({ length: 10 }, (_, index) => mail(`m${index}`));
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.setFaults([{ do: 'uids', messages: [2, 7, 9], prefix: 'new-' }]);
    server.maildrop('alice').add(THREE);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 11 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual(['RETR 11']);
    expect(await ferry.mail()).toEqual(storedAll(...messages, THREE));
  });
});

describe.each([
  ['pipelined', []],
  ['in lock-step', ['PIPELINING']],
] as const)(
  'I9: when a server changes every unique-id, one odd header blocks no other (%s):',
  (_, without) => {
    const messages = [ONE, TWO, THREE];

    async function renumbered(faults: Faults): Promise<{ server: Pop3Server; ferry: Ferry }> {
      const server = await createServer({ users: { alice: { password: 'secret', messages } }, without });
      const ferry = await Ferry.to(server.address, {
        account: { timeouts: { connectMs: 5000, idleMs: 300 } },
      });
      await ferry.poll();
      server.setFaults([{ do: 'uids', prefix: 'new-' }, ...faults]);
      server.maildrop('alice').add(LATE);
      return { server, ferry };
    }

    test('one without end costs a session, and its message is known by its content', async () => {
      const { server, ferry } = await renumbered([
        { do: 'endless', command: 'TOP', messages: [2], what: 'body' },
      ]);
      await using _server = server;
      await using _ferry = ferry;
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 1, kept: 3, skipped: 1 });
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 4 });
      expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, LATE));
    });

    test('one at which the server hangs up is not asked for again', async () => {
      const { server, ferry } = await renumbered([{ do: 'cut', command: 'TOP', messages: [2] }]);
      await using _server = server;
      await using _ferry = ferry;
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'connection-lost' } });
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
      expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, LATE));
    });

    test('one of a message that has no end either is quarantined in the end', async () => {
      const { server, ferry } = await renumbered([
        { do: 'endless', command: 'TOP', messages: [2], what: 'body' },
        { do: 'endless', command: 'RETR', messages: [2], what: 'body' },
      ]);
      await using _server = server;
      await using _ferry = ferry;
      for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
        expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 1, quarantined: 0 });
      }
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1 });
      ferry.takeCommands();
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1, error: null });
      expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
      expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, LATE));
    });

    test('one that runs on into the next reply does not shift the others', async () => {
      const { server, ferry } = await renumbered([{ do: 'omit-end', command: 'TOP', messages: [1] }]);
      await using _server = server;
      await using _ferry = ferry;
      await ferry.poll();
      server.setFaults([{ do: 'uids', prefix: 'new-' }]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', kept: 4 });
      expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, LATE));
    });
  },
);

test('I8, I9: a header in which a reply may stand costs one session; then headers are asked for one by one', async () => {
  const talking = mail('talking').replace('Subject: ', 'Subject: +OK ');
  await using server = await serve(ONE, talking, TWO);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  server.setFaults([{ do: 'uids', prefix: 'new-' }]);
  server.maildrop('alice').add(THREE);
  ferry.takeCommands();
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4, skipped: 0 });
  const commands = ferry.takeCommands();
  expect(commands.filter((line) => line === 'LIST')).toHaveLength(2);
  expect(commands.filter((line) => line.startsWith('RETR'))).toEqual(['RETR 4']);
  expect(await ferry.mail()).toEqual(storedAll(ONE, talking, TWO, THREE));
});

test('I8: a message that has a unique-id only since today is not stored again', async () => {
  await using server = await serve(ONE, TWO);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  server.maildrop('alice').add(THREE);
  server.setFaults([{ do: 'hide', names: ['UIDL'], sessions: 1 }]);
  await ferry.poll();
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
  expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
});

test('I9: a poll whose every DELE is refused is not fine, and says so once', async () => {
  await using server = await createServer({
    users: { alice: { password: 'secret', messages: [ONE, TWO, THREE] } },
    faults: [{ do: 'refuse', command: 'DELE' }],
  });
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 3, deleted: 0 });
  expect(ferry.notices).toEqual([expect.stringMatching(/DELE.* It refused 3 deletions in all\.$/)]);
});

describe('unique-ids that are the numbers of the messages, which move up when one before them goes', () => {
  const KEPT = { deletion: { kind: 'after', milliseconds: 1000 } } as const;
  const [A, B, C, D] = ['a', 'bb', 'ccc', 'dddd'].map((name) => mail(name)) as [
    string,
    string,
    string,
    string,
  ];

  describe.each([
    ['with TOP', []],
    ['without TOP', NO_TOP],
  ] as const)('(%s)', (_, more) => {
    test('I1: new mail under the number of carried mail is carried, and nothing twice', async () => {
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [A, B, C] } },
      });
      server.setFaults([...NUMBERS, ...more]);
      await using ferry = await Ferry.to(server.address, { account: KEPT });
      expect(await ferry.poll()).toMatchObject({ fetched: 3, kept: 3 });
      await removeFirst(server.maildrop('alice'));
      server.maildrop('alice').add(D);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
      expect(await ferry.mail()).toEqual(storedAll(A, B, C, D));
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
      ferry.runtime.advance(2000);
      // Without TOP only their contents tell: of those that were compared already in this poll, of the others in the next.
      const polls = [await ferry.poll(), ...(more.length > 0 ? [await ferry.poll()] : [])];
      for (const poll of polls) expect(poll).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(polls.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(3);
      expect(await ferry.mail()).toEqual(storedAll(A, B, C, D));
    });

    test('a message that is kept does not come twice under the number of one that could not be had', async () => {
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [A, B, C] } },
      });
      server.setFaults([...NUMBERS, ...more, { do: 'refuse', command: 'RETR', messages: [1], text: 'no' }]);
      await using ferry = await Ferry.to(server.address);
      expect(await ferry.poll()).toMatchObject({ fetched: 2, skipped: 1 });
      await removeFirst(server.maildrop('alice'));
      server.maildrop('alice').add(D);
      server.setFaults([...NUMBERS, ...more]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
      expect(await ferry.mail()).toEqual(storedAll(B, C, D));
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    });

    test('a message that is kept does not come twice when those before it were deleted', async () => {
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [A, B, C] } },
      });
      server.setFaults([
        ...NUMBERS,
        ...more,
        { do: 'refuse', command: 'DELE', messages: [2], text: 'read-only' },
      ]);
      await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
      expect(await ferry.poll()).toMatchObject({ fetched: 3, deleted: 2 });
      server.setFaults([...NUMBERS, ...more]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
      expect(await ferry.mail()).toEqual(storedAll(A, B, C));
    });
  });
});
