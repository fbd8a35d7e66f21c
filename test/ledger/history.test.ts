import { expect, test } from 'vitest';
import { readHistory } from '../../src/ledger/history.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, uid } from './fixtures.ts';

const QUESTION = { accounts: ['work', 'home'], since: 0, until: Number.MAX_SAFE_INTEGER, all: true };

test('history is in the order of the times that it shows, whenever a message was first noted', async () => {
  await using folder = await temporaryFolder();
  const ledger = await SqliteLedger.open(folder.path);
  const work = ledger.account('work');
  const late = await work.recordDelivery(delivery({ uid: uid('late'), complete: false, at: 1000 }));
  await work.recordDelivery(delivery({ uid: uid('b'), at: 2000 }));
  await ledger.account('home').recordDelivery(delivery({ uid: uid('c'), at: 3000 }));
  await work.recordDelivery(delivery({ record: late, uid: uid('late'), at: 4000 }));
  await work.recordDelivery(delivery({ uid: uid('d'), at: 3000 }));
  ledger.close();
  const uids = Array.from(readHistory(folder.path, QUESTION), (entry) => entry.uid);
  expect(uids).toEqual(['late', 'd', 'c', 'b']);
});

test('history of more than a page has each message once, also one that is carried again while it is read', async () => {
  await using folder = await temporaryFolder();
  const ledger = await SqliteLedger.open(folder.path);
  const work = ledger.account('work');
  const records = await Promise.all(
    Array.from({ length: 1200 }, (_, index) =>
      work.recordDelivery(delivery({ uid: uid(`u${index}`), complete: index !== 3, at: index * 10 })),
    ),
  );
  const uids: unknown[] = [];
  for (const entry of readHistory(folder.path, QUESTION)) {
    uids.push(entry.uid);
    if (uids.length === 100)
      await work.recordDelivery(delivery({ record: records[3], uid: uid('u3'), at: 99_999 }));
  }
  ledger.close();
  expect(uids).toHaveLength(1200);
  expect(new Set(uids).size).toBe(1200);
  expect(uids.slice(0, 2)).toEqual(['u1199', 'u1198']);
});
