import { describe, expect, test } from 'vitest';
import type { AccountLedger, RecordId } from '../../src/ledger/ledger.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, receipt, uid } from './fixtures.ts';

const EVER = Number.MAX_SAFE_INTEGER;

async function withLedger(
  act: (account: AccountLedger, ledger: SqliteLedger) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const ledger = await SqliteLedger.open(folder.path);
  await act(ledger.account('work'), ledger);
  ledger.close();
}

function vanish(account: AccountLedger, record: RecordId, name: string, at = 2000): Promise<void> {
  return account.noteMissing(new Map([[record, uid(name)]]), at);
}

describe('a message that the server does not list any more, without our doing', () => {
  test('is none of those that may be deleted there, until it is recognised', () =>
    withLedger(async (account) => {
      const record = await account.recordDelivery(delivery());
      await vanish(account, record, 'u1');
      expect([...account.deletable(EVER).keys()]).toEqual([]);
      await account.noteRenumbered(new Map([[record, uid('u2')]]));
      expect([...account.deletable(EVER).keys()]).toEqual([record]);
    }));

  test('is listed again once it was delivered after an attempt that failed', () =>
    withLedger(async (account) => {
      await account.recordFailure({
        record: undefined,
        uid: uid('u1'),
        error: 'x',
        quarantined: false,
        at: 1,
      });
      const [tried] = account.withUniqueId(uid('u1'));
      const record = tried?.id as RecordId;
      await vanish(account, record, 'u1');
      await account.recordDelivery(delivery({ record }));
      expect(account.listed().get(uid('u1'))).toMatchObject([{ missingAt: undefined }]);
      expect([...account.deletable(EVER).keys()]).toEqual([record]);
    }));

  test('I8: is recognised however long ago that was, but after those that were listed until now', () =>
    withLedger(async (account) => {
      for (const name of ['old', 'older', 'listed'])
        await account.recordDelivery(delivery({ uid: uid(name) }));
      const idOf = (name: string): RecordId => account.withUniqueId(uid(name))[0]?.id as RecordId;
      await vanish(account, idOf('old'), 'old', 2000);
      await vanish(account, idOf('older'), 'older', 1000);
      expect(account.identities()).toMatchObject([
        { uid: 'listed', headerSha256: 'ef'.repeat(32), missingAt: undefined },
        { uid: 'older', headerSha256: 'ef'.repeat(32), missingAt: 1000 },
        { uid: 'old', headerSha256: 'ef'.repeat(32), missingAt: 2000 },
      ]);
    }));
});

test('all that was delivered to a destination is given as it was when the first of it was taken', () =>
  withLedger(async (account, ledger) => {
    const count = 2500;
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        account.recordDelivery(
          delivery({
            uid: uid(`u${index}`),
            receipts: [receipt('maildir:/a', `f${index}`), receipt('mbox:/b')],
          }),
        ),
      ),
    );
    await ledger.account('home').recordDelivery(delivery());
    const given: string[] = [];
    for (const { location, destination, sha256 } of account.deliveries('maildir:/a')) {
      if (given.length === 0) await account.recordDelivery(delivery({ uid: uid('late') }));
      expect([destination, sha256]).toEqual(['maildir:/a', 'cd'.repeat(32)]);
      given.push(location);
    }
    expect(given).toEqual(Array.from({ length: count }, (_, index) => `f${index}`));
    expect([...account.deliveries('mbox:/other')]).toEqual([]);
  }));
