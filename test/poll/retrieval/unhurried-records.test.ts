import { expect, test } from 'vitest';
import type { AccountLedger } from '../../../src/ledger/ledger.ts';
import { Ferry, ledgerWith, mail, serve, storedAll } from '../ferry.ts';

/** A ledger that records what may wait only when somebody wants it, however long that takes. */
function withoutHurry(ledger: AccountLedger): AccountLedger {
  const waiting: (() => void)[] = [];
  return ledgerWith(ledger, {
    recordDelivery: async (delivery, wish) => {
      if (wish?.mayWait === true) await new Promise<void>((resolve) => waiting.push(resolve));
      return ledger.recordDelivery(delivery);
    },
    hurry: () => {
      for (const go of waiting.splice(0)) go();
    },
  });
}

test.each<[string, readonly string[]]>([
  ['different ones', [mail('one'), mail('two'), mail('three')]],
  ['equal ones, which are told apart one after the other', [mail('one'), mail('one'), mail('one')]],
])('a poll never waits for records that wait for it: %s', async (_, messages) => {
  await using server = await serve();
  for (const message of messages)
    server.maildrop('alice').add(message, { uid: `u${messages.indexOf(message)}` });
  await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
  ferry.wrapLedger = withoutHurry;
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, deleted: 3 });
  expect(await ferry.mail()).toEqual(storedAll(...messages));
});
