import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/poll/account.ts';
import type { PollReport } from '../../src/poll/report.ts';
import { createServer, type Fault, type Faults } from '../../src/pop3-server/index.ts';
import { Ferry, mail, storedAll } from './ferry.ts';
import { NO_TOP, NO_UIDL, NUMBERS } from './odd-server.ts';
import { AFTER_DELIVERY, DAY_MS, keptFor, NEVER } from './policies.ts';

const ALL = ['one', 'two', 'three', 'four'].map((name) => mail(name));
const [ONE = '', TWO = '', THREE = '', FOUR = ''] = ALL;

const cutAt = (command: 'RETR' | 'TOP' | 'DELE', number: number): Fault => ({
  do: 'cut',
  command,
  messages: [number],
});

/** Polls day after day; the reports. */
async function pollDaily(ferry: Ferry, days: number): Promise<readonly PollReport[]> {
  const reports: PollReport[] = [];
  for (let day = 0; day < days; day += 1) {
    ferry.runtime.advance(DAY_MS);
    reports.push(await ferry.poll());
  }
  return reports;
}

describe('I9: one message at which the server ends the session keeps no other, where no attempt at it can be counted:', () => {
  test.each<[string, number, Pick<Account, 'deletion'>, Faults]>([
    ['without unique-ids', 1, AFTER_DELIVERY, NO_UIDL],
    ['without unique-ids, where mail is kept for a time', 2, keptFor(1), NO_UIDL],
    ['under that of another one', 1, AFTER_DELIVERY, [{ do: 'uids', messages: [2, 3], uid: 'same' }]],
    ['without its own', 1, AFTER_DELIVERY, [{ do: 'uids', messages: [2], uid: '' }]],
  ])('%s', async (_, days, account, faults) => {
    await using server = await createServer({ users: { alice: { password: 'secret', messages: ALL } } });
    server.setFaults([...faults, cutAt('RETR', 2)]);
    await using ferry = await Ferry.to(server.address, { account });
    for (const report of await pollDaily(ferry, days))
      expect(report).toMatchObject({ outcome: 'partial', skipped: 1, error: { code: 'connection-lost' } });
    expect(await ferry.mail()).toEqual(storedAll(ONE, THREE, FOUR));
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
  });

  test('nor one that is not byte-stuffed', async () => {
    const dotted = mail('dotted');
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, dotted, THREE] } },
    });
    server.setFaults([...NO_UIDL, { do: 'inject', command: 'RETR', messages: [2], text: 'b\r\n.\r\n' }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', error: { code: 'protocol' } });
    expect(await ferry.mail()).toEqual(storedAll(ONE, THREE));
    expect(server.maildrop('alice').messages.map(String)).toEqual([dotted]);
  });
});

test.each<[string, Faults]>([
  ['TOP', [...NUMBERS, cutAt('TOP', 4)]],
  ['RETR, which tells where there is no TOP', [...NUMBERS, ...NO_TOP, cutAt('RETR', 4)]],
  [
    'RETR, which tells where TOP is refused',
    [...NUMBERS, { do: 'refuse', command: 'TOP' }, cutAt('RETR', 4)],
  ],
])(
  'I9: a message with a mere number at which the server ends the session each time does not end all polls, at %s',
  async (_, faults) => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: ALL } },
      faults: NUMBERS,
    });
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    server.setFaults(faults);
    server.maildrop('alice').add(mail('five'));
    await pollDaily(ferry, 5);
    expect(await ferry.mail()).toEqual(storedAll(...ALL, mail('five')));
  },
);

test('I9: one message whose DELE ends the session does not keep all others there', async () => {
  await using server = await createServer({ users: { alice: { password: 'secret', messages: ALL } } });
  server.setFaults([cutAt('DELE', 2)]);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({
    outcome: 'partial',
    fetched: 4,
    deleted: 3,
    kept: 1,
    error: { code: 'connection-lost' },
  });
  expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
});

test('I9: a server that ends the session at any DELE is given two', async () => {
  await using server = await createServer({ users: { alice: { password: 'secret', messages: ALL } } });
  server.setFaults([{ do: 'cut', command: 'DELE' }]);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'connection-lost' } });
  expect(ferry.takeCommands().filter((line) => line === 'STAT')).toHaveLength(2);
  expect(await ferry.mail()).toEqual(storedAll(...ALL));
  expect(server.maildrop('alice').messages).toHaveLength(4);
});

test('I9: under numbers that have moved up, the limit of a poll keeps nothing from coming', async () => {
  const rest = ['five', 'six', 'seven'].map((name) => mail(name));
  await using server = await createServer({ users: { alice: { password: 'secret', messages: ALL } } });
  server.setFaults([...NUMBERS, { do: 'sizes', factor: 0 }]);
  const limits = { messageOctets: undefined, messagesPerPoll: 1, octetsPerPoll: undefined };
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  await ferry.poll();
  const maildrop = server.maildrop('alice');
  await maildrop.remove(await maildrop.list());
  for (const message of [...rest, ...ALL]) maildrop.add(message);
  for (let polls = 0; polls < 4; polls += 1) await ferry.poll({ limits });
  expect(await ferry.mail()).toEqual(storedAll(...ALL, ...rest));
});
