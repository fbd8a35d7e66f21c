import { describe, expect, test } from 'vitest';
import type { AccountLedger, Ledger } from '../../src/ledger/ledger.ts';
import { delivery, receipt, uid, WHENEVER } from './fixtures.ts';
import { describeIntents } from './intents.contract.ts';
import { pollsContract } from './polls.contract.ts';

/** A ledger that is kept somewhere and can be closed and opened again. */
export interface LedgerPlace extends AsyncDisposable {
  readonly open: () => Promise<Ledger>;
}

/** What every ledger promises, also after it was closed and opened again. */
export function ledgerContract(name: string, makePlace: () => Promise<LedgerPlace>): void {
  /** Runs `act`, then `check` twice: at once, and on the ledger opened again. */
  async function twice(
    act: (ledger: AccountLedger) => Promise<unknown>,
    check: (ledger: AccountLedger) => void,
  ): Promise<void> {
    await using place = await makePlace();
    const first = await place.open();
    await act(first.account('work'));
    check(first.account('work'));
    first.close();
    const second = await place.open();
    check(second.account('work'));
    second.close();
  }

  describe(name, () => {
    describeRecords(twice);
    describeDeletions(twice);
    describeIdentities(twice);
    describeIntents(twice);
    pollsContract(makePlace);
  });
}

export type Twice = (
  act: (ledger: AccountLedger) => Promise<unknown>,
  check: (ledger: AccountLedger) => void,
) => Promise<void>;

function describeRecords(twice: Twice): void {
  test('knows nothing at first', async () => {
    await twice(
      () => Promise.resolve(),
      (ledger) => {
        expect(ledger.listed().size).toBe(0);
        expect(ledger.withUniqueId(uid('u1'))).toEqual([]);
        expect(ledger.withContent('ab'.repeat(32))).toEqual([]);
        expect([...ledger.deletable(Number.MAX_SAFE_INTEGER).keys()]).toEqual([]);
        expect(ledger.used('maildir:/a')).toBe(false);
        expect(ledger.openIntents('mbox:/m')).toEqual([]);
      },
    );
  });

  test('knows a delivered message by its unique-id and by its content', async () => {
    await twice(
      (ledger) => ledger.recordDelivery(delivery()),
      (ledger) => {
        const [record, ...more] = ledger.withUniqueId(uid('u1'));
        expect(more).toEqual([]);
        expect(record).toMatchObject({
          uid: 'u1',
          outcome: 'delivered',
          sha256: 'ab'.repeat(32),
          triedAt: 1000,
          deliveredAt: 1000,
          goneAt: undefined,
          deleSent: false,
          missingAt: undefined,
          destinations: [],
        });
        expect(ledger.withContent('ab'.repeat(32))).toEqual([record]);
        expect([...ledger.listed()]).toEqual([['u1', [record]]]);
        expect(ledger.used('maildir:/a')).toBe(true);
        expect(ledger.used('maildir:/b')).toBe(false);
      },
    );
  });

  test.each(['__proto__', 'constructor', "'; DROP TABLE message; --", '\xa0\xff\xe9', 'a b', 'U1', 'u1 '])(
    'tells the unique-id %j from every other',
    async (text) => {
      await twice(
        async (ledger) => {
          await ledger.recordDelivery(delivery({ uid: uid('u1') }));
          await ledger.recordDelivery(delivery({ uid: uid(text) }));
        },
        (ledger) => {
          expect(ledger.withUniqueId(uid(text)).map((record) => record.uid)).toEqual([text]);
          expect(ledger.listed().get(uid(text))).toHaveLength(1);
          expect([...ledger.withUniqueIds([uid(text), uid('u2')]).keys()]).toEqual([text]);
        },
      );
    },
  );

  test('knows a message without unique-id by its content only', async () => {
    await twice(
      (ledger) => ledger.recordDelivery(delivery({ uid: undefined })),
      (ledger) => {
        expect(ledger.listed().size).toBe(0);
        expect(ledger.withContent('ab'.repeat(32))).toMatchObject([{ uid: undefined, outcome: 'delivered' }]);
      },
    );
  });

  test('I8: keeps several records of one unique-id, the latest last', async () => {
    await twice(
      async (ledger) => {
        const first = await ledger.recordDelivery(delivery({ at: 2000 }));
        await ledger.recordDelivery(delivery({ sha256: '11'.repeat(32), at: 1000 }));
        await ledger.recordFailure({
          record: undefined,
          uid: uid('u1'),
          error: 'x',
          quarantined: false,
          at: 3000,
        });
        await ledger.noteGone([first], 2500);
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1')).map(({ triedAt }) => triedAt)).toEqual([2000, 1000, 3000]);
        expect(
          ledger
            .listed()
            .get(uid('u1'))
            ?.map(({ triedAt }) => triedAt),
        ).toEqual([1000, 3000]);
      },
    );
  });

  test('forgets a failed attempt, but none that a destination has something of', async () => {
    await twice(
      async (ledger) => {
        const failure = { record: undefined, error: 'one', at: 1 };
        await ledger.recordFailure({ ...failure, uid: uid('u1'), quarantined: false });
        await ledger.recordFailure({ ...failure, uid: uid('u2'), quarantined: true });
        const begun = await ledger.recordDelivery(delivery({ uid: uid('u3'), complete: false }));
        for (const name of ['u1', 'u2'])
          for (const { id } of ledger.withUniqueId(uid(name))) await ledger.forgetFailed(id);
        await ledger.forgetFailed(begun);
      },
      (ledger) => expect([...ledger.listed().keys()]).toEqual(['u3']),
    );
  });

  test('says whether messages without a unique-id were carried, and which have some destinations only', async () => {
    await twice(
      async (ledger) => {
        expect(ledger.hasNameless()).toBe(false);
        const sha256 = 'ab'.repeat(32);
        const refused = { record: undefined, uid: undefined, error: 'short', quarantined: false, at: 1 };
        await ledger.recordFailure({ ...refused, sha256 });
        expect(ledger.begun().size).toBe(0);
        await ledger.recordDelivery(delivery({ uid: undefined, complete: false }));
        await ledger.recordDelivery(delivery({ uid: uid('u1'), complete: false }));
        expect(ledger.hasNameless()).toBe(false);
        await ledger.recordDelivery(delivery({ uid: undefined }));
        await ledger.recordDelivery(delivery({ uid: uid('u2') }));
      },
      (ledger) => {
        expect(ledger.hasNameless()).toBe(true);
        expect([...ledger.begun().values()]).toEqual([undefined, 'u1']);
      },
    );
  });

  test('counts the attempts at a message that fails', async () => {
    await twice(
      async (ledger) => {
        await ledger.recordFailure({
          record: undefined,
          uid: uid('u1'),
          error: 'one',
          quarantined: false,
          at: 1,
        });
        const record = ledger.withUniqueId(uid('u1'))[0]?.id;
        await ledger.recordFailure({ record, uid: uid('u1'), error: 'two', quarantined: false, at: 2 });
        await ledger.recordFailure({ record, uid: uid('u1'), error: 'three', quarantined: true, at: 3 });
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'quarantined', attempts: 3, triedAt: 3, deliveredAt: undefined },
        ]);
        expect([...ledger.deletable(Number.MAX_SAFE_INTEGER).keys()]).toEqual([]);
      },
    );
  });

  test('makes a failed message a delivered one', async () => {
    await twice(
      async (ledger) => {
        await ledger.recordFailure({
          record: undefined,
          uid: uid('u1'),
          error: 'one',
          quarantined: false,
          at: 1,
        });
        await ledger.recordDelivery(delivery({ record: ledger.withUniqueId(uid('u1'))[0]?.id, at: 2 }));
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'delivered', deliveredAt: 2, sha256: 'ab'.repeat(32) },
        ]);
      },
    );
  });

  test('I1: does not take a message for delivered while one destination lacks it', async () => {
    await twice(
      (ledger) => ledger.recordDelivery(delivery({ complete: false })),
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'failed', deliveredAt: undefined, destinations: ['maildir:/a'] },
        ]);
        expect([...ledger.deletable(Number.MAX_SAFE_INTEGER).keys()]).toEqual([]);
      },
    );
  });

  test('and remembers where it is safe until the others have it', async () => {
    await twice(
      async (ledger) => {
        const record = await ledger.recordDelivery(delivery({ complete: false }));
        await ledger.recordDelivery(delivery({ record, receipts: [receipt('mbox:/b', '7')], at: 2000 }));
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'delivered', deliveredAt: 2000, destinations: [] },
        ]);
        expect([ledger.used('maildir:/a'), ledger.used('mbox:/b')]).toEqual([true, true]);
      },
    );
  });

  test('keeps accounts apart', async () => {
    await twice(
      (ledger) => ledger.recordDelivery(delivery()),
      (ledger) => expect(ledger.withUniqueId(uid('u1'))).toHaveLength(1),
    );
  });
}

function describeDeletions(twice: Twice): void {
  test('I1: gives as deletable what was delivered by then, and is not gone', async () => {
    await twice(
      async (ledger) => {
        for (const at of [1000, 2000, 3000]) {
          await ledger.recordDelivery(delivery({ uid: uid(`u${at}`), at }));
        }
        const gone = await ledger.recordDelivery(delivery({ uid: uid('gone'), at: 500 }));
        await ledger.noteDeleSent([gone], 600);
        await ledger.noteGone([gone], 700);
        await ledger.recordFailure({
          record: undefined,
          uid: uid('bad'),
          error: 'x',
          quarantined: true,
          at: 1,
        });
      },
      (ledger) => {
        const uidsUntil = (until: number): string[] => {
          const records = [...ledger.listed().values()].flat();
          return [...ledger.deletable(until).keys()].map(
            (id) => records.find((record) => record.id === id)?.uid ?? `unknown ${id}`,
          );
        };
        expect(uidsUntil(999)).toEqual([]);
        expect(uidsUntil(1000)).toEqual(['u1000']);
        expect(uidsUntil(2500).sort()).toEqual(['u1000', 'u2000']);
        expect(uidsUntil(Number.MAX_SAFE_INTEGER).sort()).toEqual(['u1000', 'u2000', 'u3000']);
      },
    );
  });

  test('still gives as deletable what DELE was sent for and QUIT was not answered', async () => {
    await twice(
      async (ledger) => ledger.noteDeleSent([await ledger.recordDelivery(delivery())], 2000),
      (ledger) => expect([...ledger.deletable(1000).keys()]).toHaveLength(1),
    );
  });

  test('no longer lists what is gone or missing, but knows it', async () => {
    await twice(
      async (ledger) => {
        const gone = await ledger.recordDelivery(delivery({ uid: uid('gone') }));
        const missing = await ledger.recordDelivery(delivery({ uid: uid('missing') }));
        await ledger.noteGone([gone], 2000);
        await ledger.noteMissing(new Map([[missing, uid('missing')]]), 3000);
        await ledger.noteGone([], 4000);
        await ledger.noteMissing(new Map(), 4000);
      },
      (ledger) => {
        expect(ledger.listed().size).toBe(0);
        expect(ledger.withUniqueId(uid('gone'))).toMatchObject([{ goneAt: 2000, missingAt: undefined }]);
        expect(ledger.withUniqueId(uid('missing'))).toMatchObject([{ goneAt: undefined, missingAt: 3000 }]);
        expect(ledger.withContent('ab'.repeat(32))).toHaveLength(2);
      },
    );
  });

  test('lists again what is recognised', async () => {
    await twice(
      async (ledger) => {
        const record = await ledger.recordDelivery(delivery());
        await ledger.noteMissing(new Map([[record, uid('u1')]]), 2000);
        await ledger.noteRecognised([record]);
      },
      (ledger) => expect(ledger.listed().get(uid('u1'))).toMatchObject([{ missingAt: undefined }]),
    );
  });
}

function describeIdentities(twice: Twice): void {
  test('I8: knows what is carried by more than the unique-id, until it is gone', async () => {
    await twice(
      async (ledger) => {
        await ledger.recordDelivery(delivery());
        const gone = await ledger.recordDelivery(delivery({ uid: uid('gone') }));
        const missing = await ledger.recordDelivery(
          delivery({ uid: uid('missing'), headerSha256: undefined }),
        );
        await ledger.recordDelivery(delivery({ uid: uid('partly'), complete: false }));
        await ledger.noteGone([gone], 2000);
        await ledger.noteMissing(new Map([[missing, uid('missing')]]), 3000);
      },
      (ledger) => {
        expect(ledger.identities(WHENEVER)).toMatchObject([
          { uid: 'u1', octets: 20, messageId: '<a@b>', headerSha256: 'ef'.repeat(32) },
          { uid: 'missing', octets: 20, messageId: '<a@b>', headerSha256: undefined },
        ]);
      },
    );
  });

  test('I8: knows a message by its new unique-id and no longer by the old one', async () => {
    await twice(
      async (ledger) => {
        const record = await ledger.recordDelivery(delivery());
        await ledger.noteMissing(new Map([[record, uid('u1')]]), 2000);
        await ledger.noteRenumbered(new Map([[record, uid('u2')]]));
        await ledger.noteMissing(new Map([[record, uid('u1')]]), 3000);
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toEqual([]);
        expect(ledger.listed().get(uid('u2'))).toMatchObject([
          { missingAt: undefined, outcome: 'delivered' },
        ]);
      },
    );
  });

  test('notes with which size a carried message is listed now', async () => {
    await twice(
      async (ledger) => ledger.noteListed(new Map([[await ledger.recordDelivery(delivery()), 888]])),
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([{ outcome: 'delivered', listedOctets: 888 }]);
      },
    );
  });

  test('notes that a carried message was asked for again', async () => {
    await twice(
      async (ledger) => {
        const record = await ledger.recordDelivery(delivery());
        await ledger.noteAskedAgain(record, 777, 5000);
      },
      (ledger) => {
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'delivered', listedOctets: 777, triedAt: 5000, deliveredAt: 1000 },
        ]);
      },
    );
  });

  test('I1: never gives as deletable what was adopted', async () => {
    await twice(
      (ledger) => ledger.recordAdopted(new Map([uid('u1'), uid('u2')].map((one) => [one, 7])), 1000),
      (ledger) => {
        expect(ledger.listed().size).toBe(2);
        expect(ledger.withUniqueId(uid('u1'))).toMatchObject([
          { outcome: 'adopted', deliveredAt: undefined },
        ]);
        expect([...ledger.deletable(Number.MAX_SAFE_INTEGER).keys()]).toEqual([]);
      },
    );
  });
}
