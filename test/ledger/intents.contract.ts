import { expect, test } from 'vitest';
import { CLEAN_END, delivery, intent, receipt } from './fixtures.ts';
import type { Twice } from './ledger.contract.ts';

export function describeIntents(twice: Twice): void {
  test('keeps intents octet by octet until their outcome is recorded', async () => {
    await twice(
      async (ledger) => {
        await ledger.intend('mbox:/m', [intent('a1', '0'), intent('a2', '100')]);
        await ledger.intend('mbox:/n', [intent('a1')]);
        await ledger.recordDelivery(delivery({ tag: 'a2' }));
      },
      (ledger) => {
        expect(ledger.openIntents('mbox:/m')).toEqual([intent('a1', '0')]);
        expect(ledger.openIntents('mbox:/n')).toHaveLength(1);
        expect(ledger.openIntents('mbox:/o')).toEqual([]);
      },
    );
  });

  test('keeps the intent for the one destination that has failed', async () => {
    await twice(
      async (ledger) => {
        for (const place of ['mbox:/m', 'mbox:/n']) await ledger.intend(place, [intent('a1')]);
        await ledger.recordDelivery(delivery({ receipts: [receipt('mbox:/n')], complete: false }));
      },
      (ledger) => {
        expect(ledger.openIntents('mbox:/m')).toEqual([intent('a1')]);
        expect(ledger.openIntents('mbox:/n')).toEqual([]);
      },
    );
  });

  test('keeps the last of several intents for a message', async () => {
    await twice(
      async (ledger) => {
        await ledger.intend('mbox:/m', [intent('a1', '0')]);
        await ledger.intend('mbox:/m', [intent('a1', '100')]);
      },
      (ledger) => expect(ledger.openIntents('mbox:/m')).toEqual([intent('a1', '100')]),
    );
  });

  test.each([
    ['are dropped by a poll that ends', false, 0],
    ['are kept by one that did not look for what was left', true, 1],
  ])('that have no outcome %s', async (_, unfinished, left) => {
    await twice(
      async (ledger) => {
        await ledger.openPoll();
        await ledger.intend('mbox:/m', [intent('a1')]);
        await ledger.closePoll({ ...CLEAN_END, success: false, unfinished });
      },
      (ledger) => expect(ledger.openIntents('mbox:/m')).toHaveLength(left),
    );
  });
}
