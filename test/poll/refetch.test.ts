import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/poll/account.ts';
import { type Refetch, refetchMissing } from '../../src/poll/refetch.ts';
import { type Verification, verifyDestination } from '../../src/poll/verify.ts';
import { systemRuntime } from '../../src/runtime.ts';
import { Ferry, type FerryOptions, mail, serve, stored, storedAll } from './ferry.ts';
import { NO_UIDL, NUMBERS, takeAway } from './odd-server.ts';

const [ONE, TWO] = [mail('one'), mail('two')];
const LOST = { alsoMissing: false, dryRun: false };

/** An account whose mail was delivered long before any folder is made that comes next. */
async function delivered(
  { address }: Awaited<ReturnType<typeof serve>>,
  options: FerryOptions = {},
): Promise<Ferry> {
  const ferry = await Ferry.to(address, options);
  ferry.runtime.time = systemRuntime.now() - 60_000;
  expect(await ferry.poll()).toMatchObject({ fetched: 2 });
  return ferry;
}

async function refetch(
  ferry: Ferry,
  account: Account = ferry.account,
  former: string[] = [],
  alsoMissing = false,
): Promise<readonly Refetch[]> {
  const destinations = await ferry.deps().openDestinations(account, ferry.ledger);
  const found = await refetchMissing(destinations, ferry.ledger, {
    ...LOST,
    alsoMissing,
    formerPlaces: former,
  });
  for (const one of destinations) await one.close();
  return found;
}

async function verify(ferry: Ferry): Promise<readonly Verification[]> {
  const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
  return Promise.all(destinations.map((one) => verifyDestination(one, ferry.ledger)));
}

describe('mail that is to be carried once more', () => {
  test('comes to the destination that has lost it, and to no other', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server, { destinations: ['maildir', 'mbox'] });
    await ferry.loseMaildir();
    expect(await refetch(ferry)).toMatchObject([{ messages: 2 }, { messages: 0 }]);
    await ferry.restart();
    expect(await refetch(ferry)).toMatchObject([{ messages: 2 }, { messages: 0 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO));
    expect(await verify(ferry)).toMatchObject([
      { intact: 2, missing: [] },
      { intact: 2, missing: [] },
    ]);
    expect(await refetch(ferry)).toMatchObject([{ messages: 0 }, { messages: 0 }]);
  });

  test('comes to an mbox that was cut behind another message', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server, { destinations: ['mbox'] });
    const path = ferry.folder.at('mbox');
    const text = await readFile(path, 'latin1');
    await truncate(path, text.length - 4);
    expect(await verify(ferry)).toMatchObject([
      { missing: [{ messageId: '<two@mail.example>' }], cutOff: 1 },
    ]);
    await truncate(path, text.lastIndexOf('From '));
    expect(await verify(ferry)).toMatchObject([
      { missing: [{ messageId: '<two@mail.example>' }], cutOff: 1 },
    ]);
    expect(await refetch(ferry)).toMatchObject([{ messages: 1 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO));
  });

  test.each([
    ['has no unique-ids', NO_UIDL],
    ['lists numbers for them', NUMBERS],
  ] as const)('comes once more where the server %s', async (_, faults) => {
    await using server = await serve(ONE, TWO, TWO);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address, { destinations: ['maildir', 'mbox'] });
    ferry.runtime.time = systemRuntime.now() - 60_000;
    await ferry.poll();
    await ferry.loseMaildir();
    expect(await refetch(ferry)).toMatchObject([{ messages: 3 }, { messages: 0 }]);
    for (let poll = 0; poll < 2; poll += 1) expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, TWO));
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO, TWO));
    expect(await refetch(ferry)).toMatchObject([{ messages: 0 }, { messages: 0 }]);
  });

  test.each(['maildir', 'mbox'] as const)(
    'I3: does not come where it is back, as from a backup, before the next poll: %s',
    async (place) => {
      await using server = await serve(ONE, TWO);
      const other = place === 'mbox' ? 'maildir' : 'mbox';
      await using ferry = await delivered(server, { destinations: [place, other] });
      const { delivered: before } = ferry.ledger.summary(0);
      await rename(ferry.folder.at(place), ferry.folder.at('backup'));
      if (place === 'maildir') await ferry.loseMaildir();
      else await writeFile(ferry.folder.at(place), '');
      expect(await refetch(ferry, ferry.account, [], true)).toMatchObject([{ messages: 2 }, { messages: 0 }]);
      await rm(ferry.folder.at(place), { recursive: true });
      await rename(ferry.folder.at('backup'), ferry.folder.at(place));
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO));
      expect(await ferry.mail(other)).toEqual(storedAll(ONE, TWO));
      expect(ferry.ledger.wanted()).toEqual([]);
      expect(ferry.ledger.summary(0).delivered).toEqual(before);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
    },
  );

  test('comes to where mail goes now, though nobody can tell whether it is back where it went before', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server, { destinations: ['mbox'] });
    const mbox = ferry.folder.at('mbox');
    await rm(mbox);
    const elsewhere = {
      destinations: [{ type: 'maildir', path: ferry.folder.at('maildir'), lineEndings: 'lf' }],
    } as const;
    expect(await refetch(ferry, { ...ferry.account, ...elsewhere }, [`mbox:${mbox}`])).toMatchObject([
      { messages: 0 },
      { messages: 2 },
    ]);
    await mkdir(mbox);
    expect(await ferry.poll(elsewhere)).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('comes where only a part of it is back', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    await rename(ferry.folder.at('maildir'), ferry.folder.at('backup'));
    await ferry.loseMaildir();
    expect(await refetch(ferry)).toMatchObject([{ messages: 2 }]);
    const [first = ''] = await readdir(ferry.folder.at('backup', 'new'));
    await rename(ferry.folder.at('backup', 'new', first), ferry.folder.at('maildir', 'cur', `${first}:2,S`));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('I1: comes, of equal messages in an mbox, though one of them is back', async () => {
    await using server = await serve(TWO, TWO);
    await using ferry = await delivered(server, { destinations: ['mbox'] });
    const text = await readFile(ferry.folder.at('mbox'), 'latin1');
    await writeFile(ferry.folder.at('mbox'), '');
    expect(await refetch(ferry, ferry.account, [], true)).toMatchObject([{ messages: 2 }]);
    await writeFile(ferry.folder.at('mbox'), text.slice(0, text.length / 2));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.mail('mbox')).toEqual(storedAll(TWO, TWO, TWO));
  });

  test('comes once, and nowhere twice, though numbers have moved up since, and one destination has it', async () => {
    const THREE = mail('three');
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults(NUMBERS);
    await using ferry = await Ferry.to(server.address, { destinations: ['maildir', 'mbox'] });
    ferry.runtime.time = systemRuntime.now() - 60_000;
    await ferry.poll();
    await ferry.loseMaildir();
    await refetch(ferry);
    await takeAway(server);
    for (let poll = 0; poll < 2; poll += 1) expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(TWO, THREE));
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('comes also where it was known again after its RETR was refused', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    // Listed no longer, and listed again: then its content has to tell who it is.
    await takeAway(server);
    await ferry.poll();
    const maildrop = server.maildrop('alice');
    const [uid = ''] = maildrop.uids;
    await takeAway(server);
    await ferry.poll();
    server.setFaults([
      { do: 'hide', names: ['TOP'] },
      { do: 'refuse', command: 'RETR' },
    ]);
    maildrop.add(TWO, { uid });
    await ferry.poll();
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
    await ferry.loseMaildir();
    expect(await refetch(ferry)).toMatchObject([{ messages: 1 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(TWO));
  });

  test('is still told as missing where the server has it no more', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    await ferry.loseMaildir();
    await refetch(ferry);
    const maildrop = server.maildrop('alice');
    await maildrop.remove((await maildrop.list()).slice(0, 1));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail()).toEqual([stored(TWO)]);
    expect(await verify(ferry)).toMatchObject([{ intact: 1, missing: [expect.anything()] }]);
  });

  test('is counted apart where the server has it no more', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    const maildrop = server.maildrop('alice');
    await maildrop.remove((await maildrop.list()).slice(0, 1));
    await ferry.poll();
    for (const name of await readdir(ferry.folder.at('maildir/new')))
      await rm(ferry.folder.at('maildir/new', name));
    expect(await refetch(ferry)).toMatchObject([{ messages: 0, goneForGood: 0 }]);
    const all = await refetch(ferry, ferry.account, [], true);
    expect(all).toMatchObject([{ messages: 1, goneForGood: 1 }]);
  });

  test('does not come to a Maildir that is gone again, before somebody has made it', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    await ferry.loseMaildir();
    expect(await refetch(ferry)).toMatchObject([{ messages: 2 }]);
    await rm(ferry.folder.at('maildir'), { recursive: true });
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 0 });
    await mkdir(ferry.folder.at('maildir/cur'), { recursive: true });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
  });

  test('comes to where mail goes now, when it was lost where mail went before', async () => {
    await using server = await serve(ONE, TWO);
    const kept: Partial<Account> = { deletion: { kind: 'after', milliseconds: 1000 } };
    await using ferry = await delivered(server, { account: kept });
    await rename(ferry.folder.at('maildir'), ferry.folder.at('put away'));
    const former = `maildir:${ferry.folder.at('maildir')}`;
    const now: Partial<Account> = {
      destinations: [{ type: 'maildir', path: ferry.folder.at('maildir-2'), lineEndings: 'lf' }],
    };
    ferry.runtime.advance(2000);
    expect(await ferry.poll(now)).toMatchObject({ deleted: 0, error: { code: 'deletion-unconfirmed' } });
    expect(await refetch(ferry, { ...ferry.account, ...now }, [former])).toEqual([
      {
        destination: `maildir:${ferry.folder.at('maildir-2')}`,
        configured: true,
        untold: 0,
        messages: 0,
        goneForGood: 0,
      },
      { destination: former, configured: false, messages: 2, untold: 0, goneForGood: 0 },
    ]);
    expect(await ferry.poll(now)).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 0 });
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(ONE, TWO));
    ferry.runtime.advance(2000);
    expect(await ferry.poll(now)).toMatchObject({ outcome: 'ok', deleted: 2 });
  });

  test('does not come where its mbox has another name now', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server, { destinations: ['mbox'] });
    await rename(ferry.folder.at('mbox'), ferry.folder.at('renamed'));
    const now: Partial<Account> = { destinations: [{ type: 'mbox', path: ferry.folder.at('renamed') }] };
    const former = `mbox:${ferry.folder.at('mbox')}`;
    expect(await refetch(ferry, { ...ferry.account, ...now }, [former])).toMatchObject([
      { messages: 0 },
      { destination: former, messages: 0 },
    ]);
  });

  test('is not asked about for a former place, where another has it', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server, {
      account: { deletion: { kind: 'after', milliseconds: 1000 } },
      destinations: ['maildir', 'mbox'],
    });
    await rm(ferry.folder.at('maildir'), { recursive: true });
    ferry.runtime.advance(2000);
    const mboxOnly = { destinations: ferry.account.destinations.slice(1) };
    expect(await ferry.poll(mboxOnly)).toMatchObject({ outcome: 'ok', deleted: 2 });
  });
});
