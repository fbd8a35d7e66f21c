import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adoptAccount } from '../../../src/poll/adopt.ts';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { Ferry, type FerryOptions, killedBeforeRecording, mail, serve, storedAll } from '../ferry.ts';
import { NO_TOP, NO_UIDL, NUMBERS } from '../odd-server.ts';
import { putBack } from './put-back.ts';

const [ONE, TWO, THREE, FOUR] = [mail('one'), mail('two'), mail('three'), mail('four')] as const;
const CONTROL = { stop: new AbortController().signal, abort: new AbortController().signal };

async function removeFrom(folder: string, text: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if ((await readFile(join(folder, name), 'latin1')).includes(text)) await rm(join(folder, name));
  }
}

describe('I8: a ledger that was put back from a backup', () => {
  test.each([[['maildir']], [['mbox']], [['maildir', 'mbox']]] as const)(
    'brings nothing a second time to %j',
    async (destinations) => {
      await using server = await serve(ONE);
      await using ferry = await putBack(server, { destinations });
      server.maildrop('alice').add(FOUR);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
      for (const place of destinations)
        expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE, FOUR));
      expect(ferry.notices.some((it) => it.includes('was put back from a backup'))).toBe(true);
      ferry.notices.length = 0;
      await ferry.restart();
      await ferry.poll();
      expect(ferry.notices).toEqual([]);
    },
  );

  test('makes the poll stop and ask for what is not there any more, as long as nobody has answered', async () => {
    await using server = await serve(ONE);
    await using ferry = await putBack(server);
    await removeFrom(ferry.folder.at('maildir', 'new'), '<two@mail.example>');
    const asks = { outcome: 'failed', fetched: 0, error: { code: 'ledger-lost' } };
    expect(await ferry.poll()).toMatchObject(asks);
    await ferry.restart();
    expect(await ferry.poll()).toMatchObject(asks);
    await adoptAccount(ferry.account, ferry.deps(), { none: false, control: CONTROL });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
  });

  test('names first the answer after which mail that has come since is carried, and says so of the other', async () => {
    await using server = await serve(ONE);
    await using ferry = await putBack(server);
    await removeFrom(ferry.folder.at('maildir', 'new'), '<two@mail.example>');
    const { error } = await ferry.poll();
    expect(error?.message).toMatch(/^The ledger was put back from a backup\. 1 of .* of 1 others/);
    expect(error?.hint).toMatch(/adopt --none work;.* not even what has come since,.*adopt work$/);
    server.maildrop('alice').add(FOUR);
    await adoptAccount(ferry.account, ferry.deps(), { none: true, control: CONTROL });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, FOUR));
  });

  test('takes the moved copy of a recorded message in an mbox for no other message that equals it', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, {
      account: { deletion: { kind: 'after-delivery' } },
      destinations: ['mbox'],
    });
    await ferry.poll();
    server.maildrop('alice').add(TWO);
    await ferry.restart(async () => {
      await rename(ferry.folder.at('state', 'ledger.db.seal'), ferry.folder.at('other'));
      const mbox = await readFile(ferry.folder.at('mbox'), 'latin1');
      await writeFile(ferry.folder.at('mbox'), mbox.slice(mbox.indexOf('\nFrom ') + 1), 'latin1');
    });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail('mbox')).toEqual(storedAll(TWO, TWO));
  });

  test('takes the copy of a recorded message in a Maildir for no other message that equals it', async () => {
    await using server = await serve(TWO);
    server.setFaults(NO_UIDL);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    await ferry.poll();
    server.maildrop('alice').add(TWO);
    await ferry.restart(() => rename(ferry.folder.at('state', 'ledger.db.seal'), ferry.folder.at('other')));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(TWO, TWO));
  });

  test('is looked at in the same way when it was saved while a poll was under way', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    ferry.wrapLedger = killedBeforeRecording;
    await ferry.poll();
    ferry.wrapLedger = (ledger) => ledger;
    await ferry.restart(() => rename(ferry.folder.at('state', 'ledger.db.seal'), ferry.folder.at('other')));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE));
  });

  test('is no matter where it is the one that was closed', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.restart();
    expect(await ferry.ledger.openPoll()).toMatchObject({ interrupted: false, ledgerWasPutBack: false });
  });
});

describe('I8: a ledger that was lost', () => {
  test('of mail that stands in a Maildir and in an mbox costs no download of it, then or later', async () => {
    await using server = await serve(ONE, TWO, ONE);
    await using ferry = await Ferry.to(server.address, { destinations: ['maildir', 'mbox'] });
    await ferry.poll();
    await ferry.loseLedger();
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    server.maildrop('alice').add(THREE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual(['RETR 4']);
    expect(ferry.ledger.found()).toEqual([]);
  });

  test.each([
    ['cuts the line in a header', { do: 'cut', command: 'TOP', messages: [2] }],
    ['gives a header without end', { do: 'endless', command: 'TOP', messages: [2], what: 'body' }],
  ] as const)('is lost still in the poll after one in which the server %s', async (_, fault) => {
    const destinations = ['maildir', 'mbox'] as const;
    await using server = await serve(ONE, TWO, THREE);
    await using ferry = await Ferry.to(server.address, { destinations });
    await ferry.poll();
    await ferry.loseLedger();
    server.setFaults([{ ...fault, sessions: 1 }]);
    await ferry.poll();
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    for (const place of destinations) expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE));
  });
});

describe('I1: a ledger that was lost, and a unique-id that stands for another message by now:', () => {
  const AFTER_DELIVERY = { account: { deletion: { kind: 'after-delivery' } } } as const;

  test.each([
    ['the number of the message', '1', [], mail('new')],
    ['the number, without TOP', '1', NO_TOP, mail('new')],
    ['any other, of another size', 'again', [], mail('new', 'line\r\n'.repeat(200))],
  ] as const)('%s; the new one is carried before it is deleted', async (_, uid, faults, fresh) => {
    await using server = await serve();
    server.setFaults(faults);
    server.maildrop('alice').add(ONE, { uid });
    await using ferry = await Ferry.to(server.address, AFTER_DELIVERY);
    expect(await ferry.poll()).toMatchObject({ fetched: 1, deleted: 1 });
    await ferry.loseLedger();
    server.maildrop('alice').add(fresh, { uid });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, fresh));
  });

  test.each([
    ['with TOP', []],
    ['without TOP', NO_TOP],
  ] as const)('numbers that still stand for the same are not carried twice (%s)', async (_, faults) => {
    await using server = await serve();
    server.setFaults(faults);
    for (const [index, text] of [ONE, TWO, THREE].entries())
      server.maildrop('alice').add(text, { uid: String(index + 1) });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.loseLedger();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });
});

describe('I8: a ledger that was lost, and a message with bare LFs, of which what is stored tells nothing', () => {
  const ODD = mail('odd', 'a\nb\r\n\r\r\nc\n\nFrom d\ne');

  test.each<[FerryOptions['destinations'] & object, string, Faults]>([
    [['mbox'], 'unique-ids', []],
    [['mbox'], 'unique-ids, without TOP,', NO_TOP],
    [['maildir', 'mbox'], 'unique-ids', []],
    [['maildir', 'mbox'], 'unique-ids, without TOP,', NO_TOP],
    [['maildir'], 'numbers', NUMBERS],
    [['maildir'], 'numbers, without TOP,', [...NUMBERS, ...NO_TOP]],
  ])('stores it once (%j, %s)', async (destinations, _, faults) => {
    await using server = await serve(ONE, ODD);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address, { destinations });
    await ferry.poll();
    const before = await Promise.all(destinations.map((place) => ferry.mail(place)));
    await ferry.loseLedger();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await Promise.all(destinations.map((place) => ferry.mail(place)))).toEqual(before);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
  });
});

describe('I8: an account that was renamed', () => {
  test('brings nothing a second time in silence: the poll stops and asks', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.maildrop('alice').add(THREE);
    const renamed = { name: 'office' };
    expect(await ferry.poll(renamed)).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'ledger-lost',
        message: expect.stringContaining('2 of its messages as "work"') as string,
      },
    });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    const account = { ...ferry.account, ...renamed };
    await adoptAccount(account, ferry.deps(), { none: true, control: CONTROL });
    expect(await ferry.poll(renamed)).toMatchObject({ outcome: 'ok', fetched: 3 });
  });

  test('goes on as before under its old name', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.poll({ name: 'office' });
    server.maildrop('alice').add(THREE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
  });

  test('carries on at once when nothing that was carried is listed any more', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, {
      account: { deletion: { kind: 'after-delivery' } },
    });
    await ferry.poll();
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll({ name: 'office' })).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  });
});

describe('I8: a ledger that was lost after new mail had been told from old by its content', () => {
  test('leaves that mail recognisable where unique-ids are the numbers of the messages', async () => {
    await using server = await serve();
    server.maildrop('alice').add(ONE, { uid: '1' });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.loseLedger();
    server.maildrop('alice').add(TWO, { uid: '2' });
    server.maildrop('alice').add(TWO, { uid: '3' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, kept: 3 });
    await ferry.loseLedger();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, TWO));
  });

  test('leaves each of those recognisable that were carried under one number', async () => {
    const all = [ONE, TWO, THREE, FOUR];
    await using server = await serve();
    const maildrop = server.maildrop('alice');
    await using ferry = await Ferry.to(server.address);
    for (const text of all) {
      maildrop.add(text, { uid: '1' });
      await ferry.poll({ deletion: { kind: 'after-delivery' } });
      await ferry.loseLedger();
    }
    expect(maildrop.messages).toEqual([]);
    for (const text of all) {
      maildrop.add(text, { uid: '1' });
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
      await maildrop.remove(await maildrop.list());
      await ferry.loseLedger();
    }
    expect(await ferry.mail()).toEqual(storedAll(...all));
  });

  test('leaves that mail recognisable by its unique-id', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults(NO_TOP);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    const maildrop = server.maildrop('alice');
    await maildrop.remove((await maildrop.list()).slice(0, 1));
    maildrop.add(THREE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
    await ferry.loseLedger();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });
});
