import { readdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { showsOneOf } from '../../../src/delivery/shown-tags.ts';
import type { AccountLedger } from '../../../src/ledger/ledger.ts';
import { Ferry, type FerryOptions, ledgerWith, mail, serve, storedAll } from '../ferry.ts';
import { putBack } from './put-back.ts';

const [ONE, TWO, THREE, FOUR] = [mail('one'), mail('two'), mail('three'), mail('four')] as const;

/** As a snapshot of a disk brings it back: nothing about the file tells. */
const untold = (ledger: AccountLedger): AccountLedger =>
  ledgerWith(ledger, { openPoll: async () => ({ ...(await ledger.openPoll()), ledgerWasPutBack: false }) });

async function setBack(
  server: Awaited<ReturnType<typeof serve>>,
  options: FerryOptions = {},
): Promise<Ferry> {
  const ferry = await putBack(server, options);
  ferry.wrapLedger = untold;
  return ferry;
}

describe('I8: a ledger that was set back with its whole disk', () => {
  test.each([[['maildir']], [['maildir', 'maildir-2']]] as const)(
    'brings nothing a second time to %j',
    async (destinations) => {
      await using server = await serve(ONE);
      await using ferry = await setBack(server, { destinations });
      server.maildrop('alice').add(FOUR);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
      for (const place of destinations)
        expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE, FOUR));
      expect(ferry.notices.some((it) => it.includes('was put back from a backup'))).toBe(true);
      ferry.notices.length = 0;
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 4 });
      expect(ferry.notices).toEqual([]);
    },
  );

  test('counts as put back still where the poll that has noticed it fails', async () => {
    await using server = await serve(ONE);
    await using ferry = await setBack(server);
    const [oldest = ''] = (await readdir(ferry.folder.at('maildir', 'new'))).sort().slice(1);
    await rm(ferry.folder.at('maildir', 'new', oldest));
    for (let poll = 0; poll < 2; poll += 1) {
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'ledger-lost' } });
      ferry.wrapLedger = (ledger) => ledger;
    }
  });
});

describe('the look at the names of a Maildir', () => {
  test('is taken once after the ledger was opened, and only when there is something to retrieve', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    let looks = 0;
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        takeFirstLook: () => {
          looks += 1;
          return ledger.takeFirstLook();
        },
      });
    await ferry.restart();
    await ferry.poll();
    expect(looks).toBe(0);
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll()).toMatchObject({ fetched: 1 });
    expect([looks, ferry.ledger.takeFirstLook()]).toEqual([1, false]);
    await ferry.restart();
    expect([ferry.ledger.takeFirstLook(), ferry.ledger.takeFirstLook()]).toEqual([true, false]);
  });

  test('sees nothing where there is no Maildir, and no name of another program', async () => {
    const all = { has: () => true };
    expect(await showsOneOf({ type: 'maildir', path: '/nowhere', lineEndings: 'lf' }, all)).toBe(false);
    expect(await showsOneOf({ type: 'mbox', path: '/nowhere' }, all)).toBe(false);
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    const maildir = { type: 'maildir', path: ferry.folder.at('maildir'), lineEndings: 'lf' } as const;
    expect(await showsOneOf(maildir, all)).toBe(true);
    expect(await showsOneOf(maildir, new Set(['ab']))).toBe(false);
  });
});
