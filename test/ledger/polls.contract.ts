import { expect, test } from 'vitest';
import type { PollEnd } from '../../src/ledger/ledger.ts';
import { CLEAN_END, delivery, intent, uid } from './fixtures.ts';
import type { LedgerPlace } from './ledger.contract.ts';

/** How polls begin and end, and how records asked for at the same time get there. */
export function pollsContract(makePlace: () => Promise<LedgerPlace>): void {
  test('I3: notices a poll that never ended, and only that', async () => {
    await using place = await makePlace();
    const interrupted: boolean[] = [];
    const poll = async (end: Partial<PollEnd> | undefined): Promise<void> => {
      const ledger = await place.open();
      const account = ledger.account('work');
      interrupted.push((await account.openPoll()).interrupted);
      if (end !== undefined) await account.closePoll({ ...CLEAN_END, ...end });
      ledger.close();
    };
    await poll({});
    await poll(undefined);
    await poll({ success: false, unfinished: true });
    await poll({});
    await poll({ success: false });
    await poll({});
    expect(interrupted).toEqual([false, false, true, true, false, false]);
  });

  test('I8: knows of a poll that never ended whether it was past asking about a lost ledger, and of no other', async () => {
    await using place = await makePlace();
    const wasPastAsking: boolean[] = [];
    const poll = async (isPast: boolean, end: Partial<PollEnd> | undefined): Promise<void> => {
      const ledger = await place.open();
      const account = ledger.account('work');
      wasPastAsking.push((await account.openPoll()).wasPastAsking);
      if (isPast) await account.notePastAsking();
      if (end !== undefined) await account.closePoll({ ...CLEAN_END, ...end });
      ledger.close();
    };
    await poll(false, undefined);
    await poll(true, undefined);
    await poll(false, { success: false, unfinished: true });
    await poll(false, {});
    await poll(true, {});
    await poll(false, {});
    expect(wasPastAsking).toEqual([false, false, true, true, false, false]);
  });

  test('knows the last login that must not be followed too soon, until the maildrop is another', async () => {
    await using place = await makePlace();
    const first = await place.open();
    expect(first.account('work').lastLogin()).toBeUndefined();
    await first.account('work').takeMaildrop('alice@one', 1);
    await first.account('work').noteLogin({ at: 5, delayMs: 600 });
    first.close();
    const second = await place.open();
    const account = second.account('work');
    expect(account.lastLogin()).toEqual({ at: 5, delayMs: 600 });
    expect(second.account('home').lastLogin()).toBeUndefined();
    await account.takeMaildrop('alice@two', 6);
    expect(account.lastLogin()).toBeUndefined();
    await account.noteLogin({ at: 7, delayMs: 600 });
    await account.noteLogin(undefined);
    expect(account.lastLogin()).toBeUndefined();
    second.close();
  });

  test('takes what came after the last good poll for not kept on purpose, also where the clock was set back', async () => {
    await using place = await makePlace();
    const ledger = await place.open();
    const account = ledger.account('work');
    const kept = await account.recordDelivery(delivery({ at: 1000 }));
    await account.closePoll({ ...CLEAN_END, at: 5000 });
    const fresh = await account.recordDelivery(delivery({ uid: uid('u2'), tag: 'a2', at: 400 }));
    await account.closePoll({ ...CLEAN_END, at: 500, success: false });
    const deletable = account.deletable(Number.MAX_SAFE_INTEGER);
    expect([kept, fresh].map((id) => deletable.get(id)?.pending)).toEqual([false, true]);
    ledger.close();
  });

  test('keeps accounts apart', async () => {
    await using place = await makePlace();
    const ledger = await place.open();
    const [work, home] = [ledger.account('work'), ledger.account('home')];
    await work.openPoll();
    await work.recordDelivery(delivery());
    await work.intend('mbox:/m', [intent('a1')]);
    expect(home.listed().size).toBe(0);
    expect(home.withUniqueId(uid('u1'))).toEqual([]);
    expect(home.withContent('ab'.repeat(32))).toEqual([]);
    expect([...home.deletable(Number.MAX_SAFE_INTEGER).keys()]).toEqual([]);
    expect(home.openIntents('mbox:/m')).toEqual([]);
    expect((await home.openPoll()).interrupted).toBe(false);
    await home.closePoll(CLEAN_END);
    expect(work.openIntents('mbox:/m')).toHaveLength(1);
    expect((await work.openPoll()).interrupted).toBe(true);
    ledger.close();
  });

  test('commits what is asked for at the same time, all of it', async () => {
    await using place = await makePlace();
    const ledger = await place.open();
    const account = ledger.account('work');
    const ids = await Promise.all(
      Array.from({ length: 500 }, (_, index) => account.recordDelivery(delivery({ uid: uid(`u${index}`) }))),
    );
    expect(new Set(ids).size).toBe(500);
    ledger.close();
    const again = await place.open();
    expect(again.account('work').listed().size).toBe(500);
    again.close();
  });

  test('fails nobody else for one that fails', async () => {
    await using place = await makePlace();
    const ledger = await place.open();
    const account = ledger.account('work');
    const results = await Promise.allSettled([
      account.recordDelivery(delivery({ uid: uid('before') })),
      // The column is for whole numbers only.
      account.recordDelivery(delivery({ uid: uid('bad'), at: Number.NaN })),
      account.recordDelivery(delivery({ uid: uid('after') })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'ledger' } });
    expect([...account.listed().keys()].sort()).toEqual(['after', 'before']);
    ledger.close();
  });

  test('rejects what is asked for when it was closed before', async () => {
    await using place = await makePlace();
    const ledger = await place.open();
    const account = ledger.account('work');
    const late = account.recordDelivery(delivery());
    ledger.close();
    await expect(late).rejects.toMatchObject({ code: 'ledger' });
  });
}
