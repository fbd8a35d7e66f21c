import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Destination } from '../../src/delivery/destination.ts';
import { KEEP_ALIVE_MS } from '../../src/poll/limits.ts';
import { withMethods } from '../support/with-methods.ts';
import { destinationWith, Ferry, mail, serve, storedAll } from './ferry.ts';
import { AFTER_DELIVERY } from './policies.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const ALL = [mail('one'), mail('two')];

const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(2 * KEEP_ALIVE_MS);

/** On a disk so slow that reading takes twice as long as a server may be left without a word. */
function slow(destination: Destination): Destination {
  return destinationWith(destination, {
    async *inspect(receipts) {
      await pass();
      yield* destination.inspect(receipts);
    },
    async *messages() {
      await pass();
      yield* destination.messages();
    },
  });
}

test('a server hears of us while much is re-read here before it is deleted there, and is not asked when all is done', async () => {
  await using server = await serve(...ALL);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  ferry.wrapDestinations = (all) => all.map(slow);
  ferry.lines.length = 0;
  expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ outcome: 'ok', deleted: 2 });
  const sent = ferry.lines.filter((line) => line.startsWith('sent '));
  expect(sent.slice(sent.indexOf('sent UIDL') + 1, sent.indexOf('sent TOP 1 0'))).toEqual([
    'sent NOOP',
    'sent NOOP',
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a server hears of us while a large mbox is read after the ledger was lost', async () => {
  await using server = await serve(...ALL);
  await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
  await ferry.poll();
  await ferry.loseLedger();
  ferry.wrapDestinations = (all) => all.map(slow);
  ferry.lines.length = 0;
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
  expect(ferry.lines.filter((line) => line === 'sent NOOP')).toHaveLength(2);
  expect(await ferry.mail('mbox')).toEqual(storedAll(...ALL));
});

test('a server hears of us while what has come is stored slowly, as by a program that takes its time', async () => {
  await using server = await serve(...ALL);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
  ferry.wrapDestinations = (all) =>
    all.map((one) =>
      destinationWith(one, {
        begin: () => {
          const draft = one.begin();
          return withMethods(draft, {
            commit: async (envelope) => {
              await pass();
              return draft.commit(envelope);
            },
          });
        },
      }),
    );
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
  const sent = ferry.lines.filter((line) => line.startsWith('sent '));
  // One of them proves that the last message has come whole.
  expect(sent.slice(sent.indexOf('sent RETR 2') + 1, sent.indexOf('sent DELE 1')).length).toBeGreaterThan(2);
  expect(new Set(sent.slice(sent.indexOf('sent RETR 2') + 1, sent.indexOf('sent DELE 1')))).toEqual(
    new Set(['sent NOOP']),
  );
  expect(vi.getTimerCount()).toBe(0);
});
