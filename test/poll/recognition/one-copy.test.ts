import { truncate } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createServer, type Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, ledgerWith, mail, pollAndDie, serve, storedAll } from '../ferry.ts';
import { NO_TOP, NO_UIDL, takeAway } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';

// One copy at a destination stands for one message, whoever looks for it.

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

test.each([
  ['as their headers tell', []],
  ['as their contents tell', NO_TOP],
] as const)(
  'I1: after a loss of the ledger, one copy in an mbox of two accounts does not stand for the mail of both, %s',
  async (_, faults) => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE] }, bob: { password: 'secret' } },
    });
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
    await ferry.poll();
    await ferry.loseLedger();
    server.maildrop('bob').add(ONE);
    // Both have looked at what stands there before one of them records.
    let waiting = 2;
    let proceed: (() => void) | undefined;
    const both = new Promise<void>((resolve) => (proceed = resolve));
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: async (...delivery) => {
          waiting -= 1;
          if (waiting === 0) proceed?.();
          await both;
          return ledger.recordDelivery(...delivery);
        },
      });
    const pollBoth = (): Promise<readonly string[]> =>
      Promise.all(
        ['alice', 'bob'].map(async (user) => {
          const { outcome } = await ferry.poll({ name: user, user, deletion: { kind: 'after-delivery' } });
          return outcome;
        }),
      );
    expect([...(await pollBoth())].sort()).toEqual(['failed', 'ok']);
    expect(await pollBoth()).toEqual(['ok', 'ok']);
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, ONE));
    for (const user of ['alice', 'bob']) expect(server.maildrop(user).messages).toEqual([]);
  },
);

test('I1: what was to stand where an equal message of another account stands is carried before it is deleted', async () => {
  const users = {
    alice: { password: 'secret', messages: [ONE] },
    bob: { password: 'secret', messages: [ONE] },
  };
  await using server = await createServer({ users });
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mbox'] });
  await pollAndDie(ferry);
  await truncate(ferry.folder.at('mbox'), 0);
  expect(await ferry.poll({ name: 'home', user: 'bob' })).toMatchObject({ outcome: 'ok', deleted: 1 });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, ONE));
});

test('I8: mail that is listed again under its first unique-id after a kill is neither stored again nor in the way', async () => {
  await using server = await serve(ONE, TWO);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  server.setFaults([{ do: 'uids', prefix: 'new-' }]);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
  server.maildrop('alice').add(THREE);
  await pollAndDie(ferry);
  server.setFaults([]);
  for (let polls = 0; polls < 2; polls += 1)
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', kept: 3 });
  expect((await ferry.mail()).filter((text) => !text.includes('three'))).toEqual(storedAll(ONE, TWO));
});

/** Carried without unique-ids; after a loss of the ledger ONE is recorded by its header; then a poll is killed. */
async function recordedByHeader(server: Pop3Server): Promise<Ferry> {
  server.setFaults(NO_UIDL);
  const ferry = await Ferry.to(server.address);
  await ferry.poll();
  await ferry.loseLedger();
  server.setFaults([{ do: 'uids', messages: [2], uid: '' }]);
  for (let polls = 0; polls < 2; polls += 1)
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
  await ferry.ledger.openPoll();
  await ferry.restart();
  return ferry;
}

describe('what stands in a Maildir under a name that is recorded', () => {
  test.each([
    ['without a unique-id', [2, 3]],
    ['with one', [2]],
  ])('is no equal message that comes %s', async (_, nameless) => {
    await using server = await serve(ONE, TWO);
    await using ferry = await recordedByHeader(server);
    server.maildrop('alice').add(ONE);
    server.setFaults([{ do: 'uids', messages: nameless, uid: '' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE, TWO));
  });

  test('keeps nobody from polling when that message comes without its unique-id', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await recordedByHeader(server);
    server.setFaults(NO_UIDL);
    for (let polls = 0; polls < 2; polls += 1)
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', kept: 2 });
    expect(new Set(await ferry.mail())).toEqual(new Set(storedAll(ONE, TWO)));
  });
});

test('I3: what a kill has left of a message without unique-id is that message also where all come shorter than listed', async () => {
  await using server = await serve(ONE, TWO);
  const tooLarge = { do: 'sizes', offset: 10 } as const;
  server.setFaults([tooLarge]);
  await using ferry = await Ferry.to(server.address);
  for (let polls = 0; polls < 2; polls += 1) await ferry.poll();
  await takeAway(server);
  server.maildrop('alice').add(THREE);
  server.setFaults([tooLarge, ...NO_UIDL]);
  await pollAndDie(ferry);
  server.setFaults([tooLarge]);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
  expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
});

test.each([
  ['as their headers tell', []],
  ['as their contents tell', NO_TOP],
] as const)(
  'I1: a message that is listed still stands for no equal one that comes when another has vanished, %s',
  async (_, faults) => {
    await using server = await serve(ONE, TWO);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await takeAway(server, 1);
    server.maildrop('alice').add(ONE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, ONE));
  },
);
