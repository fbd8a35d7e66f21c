import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Destination } from '../../src/delivery/destination.ts';
import type { Account } from '../../src/poll/account.ts';
import { imapServer, settingsFor } from '../delivery/handed-over/imap/server.ts';
import { Ferry, killedBeforeRecording, mail, serve, storedAll } from './ferry.ts';
import { NUMBERS, takeAway } from './odd-server.ts';
import { refusing } from './refusing.ts';

const AFTER_DELIVERY = { deletion: { kind: 'after-delivery' } } as const;
const TWO_PLACES = ['maildir', 'maildir-2'] as const;
const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')];

/** The second of two destinations, which has no room. */
function fullSecond(all: readonly Destination[]): readonly Destination[] {
  return all.map((one, index) => (index === 1 ? refusing(one) : one));
}

/** A poll that is killed when the first of two destinations has all that is new, and the ledger knows nothing of it. */
async function killWithOnePlaceServed(ferry: Ferry): Promise<void> {
  ferry.wrapDestinations = fullSecond;
  ferry.wrapLedger = killedBeforeRecording;
  await ferry.poll();
  ferry.wrapLedger = (ledger) => ledger;
  await ferry.restart();
}

describe('I8, I1: what a kill has left in one of two destinations', () => {
  test('is not that of another message that has its number by now', async () => {
    await using server = await serve(ONE);
    server.setFaults(NUMBERS);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: TWO_PLACES });
    await killWithOnePlaceServed(ferry);
    // Found by its header, and still without room in the other one.
    await ferry.poll();
    await takeAway(server);
    server.maildrop('alice').add(TWO);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(TWO));
  });

  test('is not that of another message that has its unique-id by now', async () => {
    await using server = await serve();
    server.maildrop('alice').add(ONE, { uid: 'u1' });
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: TWO_PLACES });
    await killWithOnePlaceServed(ferry);
    await ferry.poll();
    await takeAway(server);
    server.maildrop('alice').add(TWO, { uid: 'u1' });
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(TWO));
  });

  test('is known again under a number that is that of a carried message, too', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults(NUMBERS);
    await using ferry = await Ferry.to(server.address, { destinations: TWO_PLACES });
    await ferry.poll();
    server.maildrop('alice').add(THREE);
    await killWithOnePlaceServed(ferry);
    await takeAway(server, 1);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    for (const place of TWO_PLACES) expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE));
  });
});

describe('I8: what one of two destinations has of a message is not stored twice', () => {
  test.each(['maildir', 'mbox'] as const)(
    'where its %s was moved before the other one had it',
    async (kind) => {
      await using server = await serve(ONE, TWO);
      await using ferry = await Ferry.to(server.address, {
        account: AFTER_DELIVERY,
        destinations: [kind, 'mda'],
      });
      await writeFile(ferry.folder.at('refused'), '^Subject: two');
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 1, deleted: 1 });
      await rename(ferry.folder.at(kind), ferry.folder.at('moved'));
      const [settings, mda] = ferry.account.destinations;
      const destinations = [{ ...settings, path: ferry.folder.at('moved') }, mda] as Account['destinations'];
      expect(await ferry.poll({ destinations })).toMatchObject({ outcome: 'partial', fetched: 0 });
      await rm(ferry.folder.at('refused'));
      expect(await ferry.poll({ destinations })).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
      await rename(ferry.folder.at('moved'), ferry.folder.at(kind));
      expect(await ferry.mail(kind)).toEqual(storedAll(ONE, TWO));
      expect(await ferry.mail('mda')).toEqual(storedAll(ONE, TWO));
    },
  );

  test('where its mailbox over IMAP has another name for its server by then', async () => {
    await using server = await serve(ONE);
    const given = `* 1 FETCH (UID 1 BODY[] {${ONE.length}}\r\n${ONE})\r\nOK done`;
    await using imap = await imapServer({
      APPEND: 'OK [APPENDUID 7 1] done',
      UID: ['* SEARCH\r\nOK done', given],
    });
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
    const [mda] = ferry.account.destinations;
    const to = (host: string): Partial<Account> => ({
      destinations: [settingsFor(imap, { host }), mda as Account['destinations'][number]],
    });
    await writeFile(ferry.folder.at('refused'), '^Subject: one');
    expect(await ferry.poll(to('127.0.0.1'))).toMatchObject({ outcome: 'partial', fetched: 0 });
    await rm(ferry.folder.at('refused'));
    expect(await ferry.poll(to('localhost'))).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(imap.heard.filter((line) => line.startsWith('APPEND'))).toHaveLength(1);
    expect(await ferry.mail('mda')).toEqual(storedAll(ONE));
  });
});

test('I1: what a program has refused until now is not deleted for its copy in a Maildir when the state folder was copied', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address, {
    account: AFTER_DELIVERY,
    destinations: ['maildir', 'mda'],
  });
  await writeFile(ferry.folder.at('refused'), '^Subject: one');
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', deleted: 0 });
  await ferry.restart(async () => {
    await cp(ferry.folder.at('state'), ferry.folder.at('copy'), { recursive: true });
    await rm(ferry.folder.at('state'), { recursive: true });
    await rename(ferry.folder.at('copy'), ferry.folder.at('state'));
  });
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', deleted: 0 });
  await rm(ferry.folder.at('refused'));
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  expect(await ferry.mail('maildir')).toEqual(storedAll(ONE));
  expect(await ferry.mail('mda')).toEqual(storedAll(ONE));
});
