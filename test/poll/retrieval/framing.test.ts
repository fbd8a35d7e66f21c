import { describe, expect, test } from 'vitest';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';
import { patientServer } from './patient-server.ts';

const MESSAGES = Array.from({ length: 12 }, (_, index) => mail(`m${index}`, `text ${index}`));

const WRONG_SIZES: readonly (readonly [string, Faults])[] = [
  ['listed as they are', []],
  ['listed as nothing', [{ do: 'sizes', factor: 0 }]],
  ['listed too small', [{ do: 'sizes', offset: -9 }]],
  ['listed too large', [{ do: 'sizes', offset: 7 }]],
  ['listed as twice as large', [{ do: 'sizes', factor: 2 }]],
  ['listed as a hundred times as large', [{ do: 'sizes', factor: 100 }]],
];

describe.each(WRONG_SIZES)('messages pipelined and %s:', (_, sizes) => {
  test.each([1, 5, 12])(
    'number %i without its end is neither joined with another nor stored as one',
    async (odd) => {
      await using server = await serve(...MESSAGES);
      server.setFaults([...sizes, { do: 'omit-end', command: 'RETR', messages: [odd] }]);
      await using ferry = await Ferry.to(server.address, {
        account: { timeouts: { connectMs: 5000, idleMs: 300 } },
      });
      for (let poll = 0; poll < 3; poll += 1) expect((await ferry.poll()).outcome).not.toBe('ok');
      expect(await ferry.mail()).toEqual(storedAll(...MESSAGES.filter((__, index) => index !== odd - 1)));
      server.setFaults(sizes);
      await ferry.poll();
      await ferry.poll(AFTER_DELIVERY);
      expect(await ferry.mail()).toEqual(storedAll(...MESSAGES));
      expect(server.maildrop('alice').messages).toEqual([]);
    },
  );

  test('one that speaks of POP3 is carried like any other', async () => {
    const talk = mail('talk', 'He said:\r\n+OK 20 octets\r\n-ERR no\r\n+OK\r\nand left.');
    await using server = await serve(...MESSAGES.slice(0, 3), talk, ...MESSAGES.slice(3), talk);
    server.setFaults(sizes);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    for (let poll = 0; poll < 2; poll += 1) await ferry.poll();
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES, talk, talk));
  });
});

test('many that speak of POP3 cost three sessions at most', async () => {
  const talks = Array.from({ length: 30 }, (_, index) => mail(`talk${index}`, '+OK 20 octets\r\n+OK'));
  await using server = await serve(...talks);
  server.setFaults([{ do: 'sizes', offset: -2 }]);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 30, deleted: 30 });
  const commands = ferry.takeCommands();
  expect(commands.filter((line) => line === 'STAT')).toHaveLength(4);
  expect(await ferry.mail()).toEqual(storedAll(...talks));
});

test('I9: a server that wants time between two logins gets it; what is left is said, and comes with the next poll', async () => {
  const talk = mail('talk', '+OK 20 octets\r\n+OK');
  await using server = await patientServer([talk, ...MESSAGES]);
  await using ferry = await Ferry.to(server);
  expect(await ferry.poll()).toMatchObject({
    outcome: 'partial',
    fetched: 0,
    skipped: 13,
    error: { code: 'protocol' },
  });
  expect(ferry.takeCommands().filter((line) => line === 'STAT')).toHaveLength(1);
  ferry.runtime.advance(60_000);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 13, kept: 13, skipped: 0 });
  expect(await ferry.mail()).toEqual(storedAll(talk, ...MESSAGES));
});

function listingOneInTenWrong(text: string): number {
  return text.length - Number(/m1\d9/.test(text));
}

test('I9: some wrong sizes, each that of another message, cost no session where those others come with theirs', async () => {
  const equals = Array.from({ length: 60 }, (_, index) => mail(`m${100 + index}`, 'text'));
  await using server = await patientServer(equals, listingOneInTenWrong);
  await using ferry = await Ferry.to(server, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 60, deleted: 60 });
  expect(await ferry.mail()).toEqual(storedAll(...equals));
});
