import { describe, expect, test } from 'vitest';
import type { AccountLedger } from '../../src/ledger/ledger.ts';
import type { RecordId, RecordIdentity } from '../../src/ledger/record.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { delivery, receipt, uid, WHENEVER } from './fixtures.ts';

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

const uidsOf = (records: readonly RecordIdentity[]): string[] => records.map((one) => String(one.uid)).sort();

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
      expect(account.identities(WHENEVER)).toMatchObject([
        { uid: 'listed', headerSha256: 'ef'.repeat(32), missingAt: undefined },
        { uid: 'older', headerSha256: 'ef'.repeat(32), missingAt: 1000 },
        { uid: 'old', headerSha256: 'ef'.repeat(32), missingAt: 2000 },
      ]);
    }));

  test('I7: is looked for by its header or its Message-ID once that was long ago, and not given with all others', () =>
    withLedger(async (account) => {
      const at = 1_000_000;
      const lately = { at, withinMs: 1000 };
      const nobody = { ...lately, headers: new Set<string>(), messageIds: new Set<string>() };
      expect([account.hasMissing(), account.longMissing(nobody)]).toEqual([false, []]);
      for (const [index, missingAt] of [at - 1000, at - 999, at + 999, at + 1000, 1].entries()) {
        const name = `u${index}`;
        const known = { headerSha256: `${index}0`.repeat(32), messageId: `<${index}>` };
        const record = await account.recordDelivery(delivery({ uid: uid(name), ...known }));
        await vanish(account, record, name, missingAt);
      }
      expect(uidsOf(account.identities(lately))).toEqual(['u1', 'u2']);
      const asked = { headers: new Set(['30'.repeat(32), '10'.repeat(32)]), messageIds: new Set(['<4>']) };
      expect(uidsOf(account.longMissing({ ...lately, ...asked }))).toEqual(['u3', 'u4']);
      // That there are some is said in any case, and that one could be anybody.
      expect(uidsOf(account.longMissing(nobody))).toEqual(['u4']);
      const nameless = delivery({ uid: uid('nameless'), headerSha256: undefined, messageId: undefined });
      await vanish(account, await account.recordDelivery(nameless), 'nameless', 5);
      expect(uidsOf(account.longMissing(nobody))).toEqual(['nameless', 'u4']);
      expect(account.hasMissing()).toBe(true);
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
    for (const {
      receipt: { location, destination, sha256 },
    } of account.deliveries('maildir:/a')) {
      if (given.length === 0) await account.recordDelivery(delivery({ uid: uid('late') }));
      expect([destination, sha256]).toEqual(['maildir:/a', 'cd'.repeat(32)]);
      given.push(location);
    }
    expect(given).toEqual(Array.from({ length: count }, (_, index) => `f${index}`));
    expect([...account.deliveries('mbox:/other')]).toEqual([]);
  }));
