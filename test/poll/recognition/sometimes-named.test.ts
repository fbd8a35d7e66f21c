import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import type { Faults, Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, ledgerWith, mail, pollAndDie, serve, storedAll } from '../ferry.ts';
import { NO_UIDL } from '../odd-server.ts';
import { refusing } from '../refusing.ts';

const [ONE, TWO] = [mail('one'), mail('two')] as const;
const BOTH = {
  account: { deletion: { kind: 'after-delivery' } },
  destinations: ['maildir', 'mbox'],
} as const;

/** The mbox, or the Maildir, takes no mail. */
function full(which: 'maildir' | 'mbox'): (all: readonly Destination[]) => readonly Destination[] {
  const isFull = ({ name }: Destination): boolean => name.startsWith(`${which}:`);
  return (all) => all.map((destination) => (isFull(destination) ? refusing(destination) : destination));
}

const roomy = (all: readonly Destination[]): readonly Destination[] => all;

/** A poll, with or without unique-ids, that finds one destination full. */
async function pollWhileFull(
  which: 'maildir' | 'mbox',
  faults: Faults,
  { server, ferry }: { server: Pop3Server; ferry: Ferry },
): Promise<void> {
  server.setFaults(faults);
  ferry.wrapDestinations = full(which);
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'disk-full' } });
  ferry.wrapDestinations = roomy;
  server.setFaults([]);
}

/** What each destination has, when all is carried and deleted. */
async function expectEachOnce(
  messages: readonly string[],
  { server, ferry }: { server: Pop3Server; ferry: Ferry },
): Promise<void> {
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
  expect(server.maildrop('alice').messages).toEqual([]);
  expect(await ferry.mail('maildir')).toEqual(storedAll(...messages));
  expect(await ferry.mail('mbox')).toEqual(storedAll(...messages));
}

describe.each(['maildir', 'mbox'] as const)('I8: while the %s is full', (which) => {
  test('a message that has no unique-id yet is delivered to each place once', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, NO_UIDL, { server, ferry });
    await expectEachOnce([ONE, TWO], { server, ferry });
  });

  test('nor is it twice where an attempt under its unique-id failed in between', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, NO_UIDL, { server, ferry });
    server.setFaults([{ do: 'shorten', command: 'RETR', octets: 40 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 2 });
    server.setFaults([]);
    await expectEachOnce([ONE, TWO], { server, ferry });
  });

  test('one that has a unique-id in some sessions only is delivered to each place once', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, BOTH);
    for (const faults of [[], [], NO_UIDL, NO_UIDL, [], NO_UIDL])
      await pollWhileFull(which, faults, { server, ferry });
    await expectEachOnce([ONE, TWO], { server, ferry });
  });

  test('one that loses its unique-id after two such polls is delivered to each place once', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, [], { server, ferry });
    await pollWhileFull(which, [], { server, ferry });
    server.setFaults(NO_UIDL);
    await expectEachOnce([ONE], { server, ferry });
  });

  test('of equal messages, one with a unique-id and one without, none is taken for the other', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, NO_UIDL, { server, ferry });
    server.maildrop('alice').add(ONE);
    server.maildrop('alice').add(ONE);
    await expectEachOnce([ONE, ONE, ONE], { server, ferry });
  });

  test('an equal message that has none is not taken for one that has a unique-id', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, [], { server, ferry });
    server.maildrop('alice').add(ONE);
    server.setFaults([{ do: 'uids', messages: [2], uid: '' }]);
    await expectEachOnce([ONE, ONE], { server, ferry });
  });

  test('nor where that one, refused once, is retrieved after it', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, [], { server, ferry });
    server.setFaults([{ do: 'refuse', command: 'RETR' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 1 });
    server.maildrop('alice').add(ONE);
    server.setFaults([{ do: 'uids', messages: [2], uid: '' }]);
    await expectEachOnce([ONE, ONE], { server, ferry });
  });

  test('I3: a kill before the late delivery is recorded leaves each place with it once', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, BOTH);
    await pollWhileFull(which, NO_UIDL, { server, ferry });
    await pollAndDie(ferry);
    await expectEachOnce([ONE, TWO], { server, ferry });
  });
});

test('a message that got its unique-id late is known by it, and not asked for again', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address, { ...BOTH, account: { deletion: { kind: 'never' } } });
  await pollWhileFull('mbox', NO_UIDL, { server, ferry });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  ferry.takeCommands();
  server.maildrop('alice').add(TWO);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
  expect(ferry.takeCommands()).not.toContain('RETR 1');
});

test('I1: without unique-ids, mail equal to some that was deleted is stored, also after a kill', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address, BOTH);
  server.setFaults(NO_UIDL);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
  await ferry.ledger.openPoll();
  await ferry.restart();
  server.maildrop('alice').add(ONE);
  await expectEachOnce([ONE, ONE], { server, ferry });
});

test('I3: a kill between delivery and record of mail equal to some that was deleted leaves it once', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address, BOTH);
  server.setFaults(NO_UIDL);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
  server.maildrop('alice').add(ONE);
  await pollAndDie(ferry);
  await expectEachOnce([ONE, ONE], { server, ferry });
});

describe.each([['maildir'], ['mbox'], ['maildir', 'mbox']] as const)(
  'I3: what a killed poll has delivered to %s without unique-ids',
  (...places) => {
    const kept = { account: BOTH.account, destinations: places };
    const expectEverywhere = async (ferry: Ferry, ...messages: string[]): Promise<void> => {
      for (const place of places) expect(await ferry.mail(place)).toEqual(storedAll(...messages));
    };

    test.each([
      ['of messages that have unique-ids afterwards', [ONE, TWO]],
      ['of equal messages that have unique-ids afterwards', [ONE, ONE]],
    ])('%s is there once', async (_, messages) => {
      await using server = await serve(...messages);
      await using ferry = await Ferry.to(server.address, kept);
      server.setFaults(NO_UIDL);
      await pollAndDie(ferry);
      server.setFaults([]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
      await expectEverywhere(ferry, ...messages);
    });

    test.each([
      ['that comes with a unique-id', []],
      ['that comes without one', NO_UIDL],
    ] as const)('stands for no equal message %s when it is recorded', async (_, faults) => {
      await using server = await serve(ONE);
      await using ferry = await Ferry.to(server.address, kept);
      server.setFaults(NO_UIDL);
      await pollAndDie(ferry);
      server.setFaults([]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
      server.maildrop('alice').add(ONE);
      await ferry.ledger.openPoll();
      await ferry.restart();
      server.setFaults(faults);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
      await expectEverywhere(ferry, ONE, ONE);
    });

    test('stands for one of two equal messages, of which one has a unique-id only now', async () => {
      await using server = await serve(ONE);
      await using ferry = await Ferry.to(server.address, kept);
      server.setFaults(NO_UIDL);
      await pollAndDie(ferry);
      server.setFaults([]);
      server.maildrop('alice').add(ONE);
      server.maildrop('alice').add(ONE);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 3 });
      await expectEverywhere(ferry, ONE, ONE, ONE);
    });
  },
);

test('after a kill, the ledger is not searched for contents where all messages have unique-ids', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address, BOTH);
  await pollAndDie(ferry);
  server.maildrop('alice').add(TWO);
  let searches = 0;
  ferry.wrapLedger = (ledger) =>
    ledgerWith(ledger, {
      withContent: (sha256) => {
        searches += 1;
        return ledger.withContent(sha256);
      },
    });
  await expectEachOnce([ONE, TWO], { server, ferry });
  expect(searches).toBe(0);
});
