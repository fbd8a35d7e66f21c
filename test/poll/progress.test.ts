import { expect, test, vi } from 'vitest';
import { stillToCome } from '../../src/poll/report.ts';
import { Ferry, mail, serve, storedAll } from './ferry.ts';

test('I7: a message that every session has to look at again does not keep the poll going for ever', async () => {
  await using server = await serve();
  const maildrop = server.maildrop('alice');
  // After a DELE, a unique-id that is a mere number tells nothing, nor does a header without a Message-ID.
  const lookedAtAgain = 'Subject: without a Message-ID\r\n\r\n';
  const messages = [mail('one'), lookedAtAgain, mail('three'), mail('four'), mail('five')];
  for (const [index, message] of messages.entries())
    maildrop.add(message, { uid: index === 1 ? '2' : `u${index}` });
  server.setFaults([
    { do: 'omit-end', command: 'RETR', messages: [4] },
    { do: 'refuse', command: 'QUIT' },
  ]);
  await using ferry = await Ferry.to(server.address, {
    account: { deletion: { kind: 'after-delivery' }, timeouts: { connectMs: 5000, idleMs: 500 } },
  });
  expect((await ferry.poll()).outcome).not.toBe('ok');
  expect(maildrop.messages).toHaveLength(5);
  server.setFaults([]);
  for (let poll = 0; poll < 3 && maildrop.messages.length > 0; poll += 1) await ferry.poll();
  expect(maildrop.messages).toEqual([]);
  expect(await ferry.mail()).toEqual(storedAll(...messages));
});

test('I7: a server that confirms deletions and forgets them does not keep the poll going for ever', async () => {
  await using server = await serve();
  const maildrop = server.maildrop('alice');
  const messages = ['one', 'two', 'three', 'four'].map((name) => mail(name));
  for (const message of messages) maildrop.add(message);
  const account = {
    deletion: { kind: 'after-delivery' },
    timeouts: { connectMs: 5000, idleMs: 500 },
  } as const;
  await using ferry = await Ferry.to(server.address, { account });
  server.setFaults([{ do: 'cut', command: 'RETR', messages: [2] }]);
  await ferry.poll();
  // One that failed before has a session of its own, after those that are calm.
  server.setFaults([]);
  const forgetting = vi.spyOn(maildrop, 'remove').mockResolvedValue();
  expect((await ferry.poll()).deleted).toBeLessThanOrEqual(messages.length);
  expect(maildrop.messages).toHaveLength(messages.length);
  forgetting.mockRestore();
  for (let poll = 0; poll < 3 && maildrop.messages.length > 0; poll += 1) await ferry.poll();
  expect(maildrop.messages).toEqual([]);
  expect(await ferry.mail()).toEqual(storedAll(...messages));
});

test('I9: a poll whose line breaks counts what came before that as safe here and kept, and the rest as still to come', async () => {
  await using server = await serve(mail('one'), mail('two'), mail('three'), mail('four'));
  server.setFaults([{ do: 'cut', command: 'RETR', messages: [3] }]);
  await using ferry = await Ferry.to(server.address);
  const report = await ferry.poll();
  expect(report).toMatchObject({ outcome: 'failed', listed: 4, fetched: 2, kept: 2 });
  expect(stillToCome(report)).toBe(2);
  server.setFaults([]);
  expect(stillToCome(await ferry.poll())).toBe(0);
});
