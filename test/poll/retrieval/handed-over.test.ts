import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/poll/account.ts';
import { refetchMissing } from '../../../src/poll/refetch.ts';
import { verifyDestination } from '../../../src/poll/verify.ts';
import { Ferry, type FerryOptions, ledgerWith, mail, pollAndDie, serve, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY, DAY_MS, NEVER } from '../policies.ts';
import { CARRIED_SINCE, putBack } from '../recognition/put-back.ts';

/** An account whose mail a program takes. */
const toProgram = (account: Partial<Account> = AFTER_DELIVERY): FerryOptions => ({
  account,
  destinations: ['mda'],
});

const MESSAGES = [mail('one'), mail('two'), mail('three')];

describe('mail that a program takes', () => {
  test('I1: is deleted on the server when the program has taken it', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram());
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, deleted: 3 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  test('is handed over once where it is kept on the server, also when that changes its unique-ids', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram(NEVER));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, kept: 3 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    await using renumbered = await serve(...MESSAGES);
    expect(await ferry.poll(renumbered.address)).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('is deleted later without being looked for here, since it was handed over', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(
      server.address,
      toProgram({ deletion: { kind: 'after', milliseconds: DAY_MS } }),
    );
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, deleted: 0 });
    await rm(ferry.folder.at('taken'));
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
  });

  test('I9: one that it refuses stays on the server, and the others are carried', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram());
    await writeFile(ferry.folder.at('refused'), '^Subject: two');
    const report = await ferry.poll();
    expect(report).toMatchObject({ outcome: 'partial', fetched: 2, deleted: 2, skipped: 1 });
    expect(report.error).toMatchObject({ code: 'message-refused' });
    expect(ferry.notices).toEqual([expect.stringMatching(/^Message 2: The program .* was not taken\.$/)]);
    await rm(ferry.folder.at('refused'));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('I9: one that it refuses again and again is left alone', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram());
    await writeFile(ferry.folder.at('refused'), '^Subject: two');
    for (let attempt = 1; attempt < 5; attempt += 1)
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 1 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1 });
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ quarantined: 1, deleted: 0 });
    expect(ferry.takeCommands()).not.toContainEqual(expect.stringMatching(/^RETR/));
    expect(server.maildrop('alice').messages).toHaveLength(1);
  });

  test('stays on the server while the program takes none, and comes when it does', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram());
    await writeFile(ferry.folder.at('busy'), '');
    const report = await ferry.poll();
    expect(report).toMatchObject({ outcome: 'failed', fetched: 0, deleted: 0 });
    expect(report.error).toMatchObject({ code: 'destination-locked' });
    await rm(ferry.folder.at('busy'));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, deleted: 3 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('I3: is handed over once more when the process dies before that is recorded', async () => {
    await using server = await serve(mail('one'));
    await using ferry = await Ferry.to(server.address, toProgram());
    await pollAndDie(ferry);
    expect(await ferry.mail('mda')).toEqual(storedAll(mail('one')));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail('mda')).toEqual(storedAll(mail('one'), mail('one')));
  });

  test('goes to the Maildir beside it, too; what one of them did not take comes to that one only', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, {
      account: AFTER_DELIVERY,
      destinations: ['maildir', 'mda'],
    });
    await writeFile(ferry.folder.at('refused'), '^Subject: two');
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', deleted: 2, skipped: 1 });
    await rm(ferry.folder.at('refused'));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES));
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('is not verified, and does not come again by refetch, since nobody can tell what became of it', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram(NEVER));
    await ferry.poll();
    const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
    const [destination] = destinations;
    if (destination === undefined) throw new Error('no destination');
    expect(await verifyDestination(destination, ferry.ledger)).toMatchObject({
      intact: 0,
      missing: [],
      handedOver: 3,
    });
    const how = { alsoMissing: true, dryRun: false, formerPlaces: [] };
    expect(await refetchMissing(destinations, ferry.ledger, how)).toMatchObject([{ messages: 0 }]);
  });

  test('comes again by refetch where its owner says that all of it is to', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram(NEVER));
    await ferry.poll();
    const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
    const how = { alsoMissing: false, alsoHandedOver: true, dryRun: false, formerPlaces: [] };
    expect(await refetchMissing(destinations, ferry.ledger, how)).toMatchObject([{ messages: 3 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, kept: 3 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES, ...MESSAGES));
  });

  test('I8: is asked about where the ledger was put back, since nobody can tell what was carried meanwhile', async () => {
    await using server = await serve(mail('one'));
    await using ferry = await putBack(server, toProgram(NEVER));
    const { outcome, error } = await ferry.poll();
    expect({ outcome, error }).toMatchObject({ outcome: 'failed', error: { code: 'ledger-lost' } });
    expect(error?.message).toContain('of 2 others it cannot tell');
    expect(await ferry.mail('mda')).toEqual(storedAll(mail('one'), ...CARRIED_SINCE));
  });

  test('I3: is recorded at once, since what was handed over cannot be found again', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, toProgram(NEVER));
    const mayWait: unknown[] = [];
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: (delivery, how) => {
          mayWait.push(how?.mayWait);
          return ledger.recordDelivery(delivery, how);
        },
      });
    await ferry.poll();
    expect(mayWait).toEqual([false, false, false]);
  });
});
