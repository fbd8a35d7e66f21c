import { mkdir, readdir, readFile, readlink, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Draft } from '../../../src/delivery/destination.ts';
import { MailError } from '../../../src/errors.ts';
import { createServer, type Faults } from '../../../src/pop3-server/index.ts';
import { destinationWith, Ferry, ledgerWith, mail, pollAndDie, storedAll } from '../ferry.ts';
import { NO_UIDL, serveNamed } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

const PLACES = ['maildir', 'mbox'] as const;

describe.each(PLACES)('I3: after a kill between delivery and record, a %s', (place) => {
  const SITUATIONS: readonly (readonly [string, readonly (readonly [string, string?])[], Faults])[] = [
    ['of ordinary messages', [[ONE], [TWO], [THREE]], []],
    ['of messages without unique-ids', [[ONE], [TWO], [ONE]], NO_UIDL],
    ['of messages that share a unique-id', [[ONE, 'same'], [TWO, 'same'], [THREE]], []],
    [
      'of equal messages that share a unique-id',
      [
        [ONE, 'same'],
        [ONE, 'same'],
      ],
      [],
    ],
  ];

  test.each(SITUATIONS)('%s has each of them once, and they are deleted', async (_, messages, faults) => {
    await using server = await serveNamed(messages, faults);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: [place] });
    await pollAndDie(ferry);
    expect((await ferry.mail(place)).length).toBeGreaterThan(0);
    expect(server.maildrop('alice').messages).toHaveLength(messages.length);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: messages.length });
    expect(await ferry.mail(place)).toEqual(storedAll(...messages.map(([text]) => text)));
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 0 });
  });

  test('that is killed again and again has each message once', async () => {
    await using server = await serveNamed([[ONE], [TWO], [THREE]]);
    await using ferry = await Ferry.to(server.address, { destinations: [place] });
    for (let count = 0; count < 3; count += 1) await pollAndDie(ferry);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('that is killed, then polls without success, has each message once', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, { destinations: [place] });
    await pollAndDie(ferry);
    expect(await ferry.poll({ user: 'bob' })).toMatchObject({ outcome: 'failed' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO));
  });

  test('whose ledger could not be written for a while has each message once', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: [place] });
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: () => Promise.reject(new MailError('disk-full', 'The disk is full.')),
      });
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'disk-full' } });
    ferry.wrapLedger = (ledger) => ledger;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
    expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO));
  });

  test('that was killed before anything was delivered is searched without a word, and then carries all', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address, { destinations: [place] });
    await ferry.ledger.openPoll();
    await ferry.restart();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    // A note makes cron send a mail.
    expect(ferry.notices).toEqual([]);
    expect(await ferry.mail(place)).toEqual(storedAll(ONE));
  });
});

test('I3: the piece that a kill left in an mbox is cut off also when another account delivers there first', async () => {
  const users = { alice: { password: 'secret', messages: [mail('long', 'x'.repeat(50_000))] } };
  await using server = await createServer({
    users: { ...users, bob: { password: 'secret', messages: [TWO] } },
  });
  await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
  await pollAndDie(ferry);
  await truncate(ferry.folder.at('mbox'), 20_000);
  expect(await ferry.poll({ name: 'home', user: 'bob' })).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail('mbox')).toEqual(storedAll(TWO));
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail('mbox')).toEqual(storedAll(TWO, ...users.alice.messages));
});

test('a mail program that moves messages while they are re-read is no error', async () => {
  await using server = await serveNamed([[ONE], [TWO], [THREE]]);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  const files = await readdir(ferry.folder.at('maildir', 'new'));
  ferry.wrapDestinations = (all) =>
    all.map((destination) =>
      destinationWith(destination, {
        async *inspect(receipts) {
          for await (const state of destination.inspect(receipts)) {
            yield state;
            for (const name of files.splice(0))
              await rename(
                ferry.folder.at('maildir', 'new', name),
                ferry.folder.at('maildir', 'cur', `${name}:2,S`),
              );
          }
        },
      }),
    );
  const report = await ferry.poll({ deletion: { kind: 'after', milliseconds: 0 } });
  expect(report).toMatchObject({ outcome: 'ok', deleted: 3 });
});

test('what was overwritten in an mbox stays on the server', async () => {
  await using server = await serveNamed([[ONE]]);
  await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
  await ferry.poll();
  const text = await readFile(ferry.folder.at('mbox'), 'latin1');
  await writeFile(ferry.folder.at('mbox'), text.slice(0, 20) + '\0'.repeat(text.length - 20));
  const report = await ferry.poll({ deletion: { kind: 'after', milliseconds: 0 } });
  expect(report).toMatchObject({ deleted: 0, error: { code: 'message-changed' } });
  expect(server.maildrop('alice').messages).toHaveLength(1);
});

test('I9: what cannot be read stays on the server, and keeps no other there', async () => {
  await using server = await serveNamed([[ONE], [TWO]]);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  const [unreadable = ''] = await readdir(ferry.folder.at('maildir', 'new'));
  await rm(ferry.folder.at('maildir', 'new', unreadable));
  // Cannot be read by root either.
  await mkdir(ferry.folder.at('maildir', 'new', unreadable));
  const report = await ferry.poll({ deletion: { kind: 'after', milliseconds: 0 } });
  expect(report).toMatchObject({ deleted: 1, error: { code: 'message-changed' } });
  expect(report.error?.message).toMatch(`${unreadable} in `);
  expect(report.error?.message).toMatch('cannot be read');
  expect(server.maildrop('alice').messages).toHaveLength(1);
});

test('I3: without a kill no destination is searched', async () => {
  await using server = await serveNamed([[ONE]]);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  let searches = 0;
  ferry.wrapDestinations = (all) =>
    all.map((destination) =>
      destinationWith(destination, {
        recover: (unfinished) => {
          searches += 1;
          return destination.recover(unfinished);
        },
      }),
    );
  server.maildrop('alice').add(TWO);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(searches).toBe(0);
});

const full = (): Promise<never> => Promise.reject(new MailError('disk-full', 'The disk is full.'));

/** There is no room for a message that is too large to be held in memory. */
function fullWithFile(destination: Destination): Draft {
  const draft = destination.begin();
  let octets = 0;
  return {
    ...draft,
    write: (block) => {
      octets += block.length;
      return octets > 256 * 1024 ? full() : draft.write(block);
    },
  };
}

/** One of the destinations takes no mail. */
const isFull =
  (which: number) =>
  (all: readonly Destination[]): readonly Destination[] =>
    all.map((destination, index) =>
      index === which
        ? destinationWith(destination, { begin: () => ({ ...destination.begin(), commit: full }) })
        : destination,
    );
const firstIsFull = isFull(0);

describe('two destinations, of which one fails', () => {
  const both = { account: AFTER_DELIVERY, destinations: ['maildir', 'mbox'] } as const;

  test('while the other opens its file leaves nothing there, neither a file nor an open one', async () => {
    await using server = await serveNamed([[mail('large', 'x'.repeat(400_000))]]);
    await using ferry = await Ferry.to(server.address, { destinations: ['maildir', 'maildir-2'] });
    ferry.wrapDestinations = ([first, second]) =>
      first === undefined || second === undefined
        ? []
        : [destinationWith(first, { begin: () => fullWithFile(first) }), second];
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'disk-full' } });
    expect(await readdir(ferry.folder.at('maildir-2', 'tmp'))).toEqual([]);
    const descriptors = await readdir('/proc/self/fd').catch(() => []);
    const paths = await Promise.all(
      descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
    );
    expect(paths.filter((path) => path.includes('maildir-2/tmp'))).toEqual([]);
  });

  test.each([
    ['the Maildir', 0],
    ['the mbox', 1],
  ])('I1: %s: nothing is deleted before both have a message; then each has it once', async (_, which) => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, both);
    ferry.wrapDestinations = isFull(which);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'disk-full' } });
    expect(server.maildrop('alice').messages).toHaveLength(2);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO));
  });

  test('a kill while the other gets the message late leaves each with it once', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, both);
    ferry.wrapDestinations = firstIsFull;
    await ferry.poll();
    ferry.wrapDestinations = (all) => all;
    await pollAndDie(ferry);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO));
  });

  test('and is then taken out of the configuration needs the message no more', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, both);
    ferry.wrapDestinations = firstIsFull;
    await ferry.poll();
    ferry.wrapDestinations = (all) => all;
    const destinations = ferry.account.destinations.slice(1);
    expect(await ferry.poll({ destinations })).toMatchObject({ outcome: 'ok', deleted: 2 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO));
  });

  test('a kill after both have it, of which one recorded it before, is recognised', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address, {
      account: AFTER_DELIVERY,
      destinations: ['maildir', 'maildir-2'],
    });
    await ferry.poll();
    server.maildrop('alice').add(TWO);
    await pollAndDie(ferry);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
    expect(await ferry.mail('maildir')).toEqual(storedAll(ONE, TWO));
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(ONE, TWO));
  });
});

describe('a destination that cannot be used', () => {
  test('is found before the first message is retrieved', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await writeFile(ferry.folder.at('maildir'), 'a file');
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'destination-unusable' } });
    expect(ferry.lines).toEqual([]);
  });

  test('because it has gone is not made anew, and nothing is deleted', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.maildrop('alice').add(TWO);
    await rm(ferry.folder.at('maildir'), { recursive: true });
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ error: { code: 'destination-unusable' } });
    expect(await readdir(ferry.folder.path)).not.toContain('maildir');
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('because its mount point is empty takes no mail', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    await rm(ferry.folder.at('maildir'), { recursive: true });
    await mkdir(ferry.folder.at('maildir'));
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll()).toMatchObject({ error: { code: 'destination-unusable' } });
    expect(await readdir(ferry.folder.at('maildir'))).toEqual([]);
    expect(server.maildrop('alice').messages).toHaveLength(1);
  });

  test('because the disk is full leaves the rest on the server, and deletes what is safe', async () => {
    const messages = Array.from({ length: 30 }, (_, index) => [mail(`m${index}`)] as const);
    await using server = await serveNamed(messages);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    let taken = 0;
    ferry.wrapDestinations = (all) =>
      all.map((destination) =>
        destinationWith(destination, {
          begin: () => {
            taken += 1;
            return taken > 10 ? { ...destination.begin(), commit: full } : destination.begin();
          },
        }),
      );
    const report = await ferry.poll();
    expect(report).toMatchObject({
      outcome: 'failed',
      fetched: 10,
      deleted: 10,
      error: { code: 'disk-full' },
    });
    expect(ferry.takeCommands().at(-1)).toBe('QUIT');
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 20, deleted: 20 });
    expect(await ferry.mail()).toEqual(storedAll(...messages.map(([text]) => text)));
  });

  test('while a message is written costs that session at most, and leaves no trace', async () => {
    await using server = await serveNamed([[mail('large', 'x'.repeat(2_000_000))], [TWO]]);
    await using ferry = await Ferry.to(server.address);
    ferry.wrapDestinations = (all) =>
      all.map((destination) =>
        destinationWith(destination, { begin: () => ({ ...destination.begin(), write: full }) }),
      );
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 0, error: { code: 'disk-full' } });
    expect(ferry.takeCommands().at(-1)).toBe('QUIT');
    expect(await readdir(ferry.folder.at('maildir', 'tmp'))).toEqual([]);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
  });

  test('is not an occasion to download a large message to no purpose', async () => {
    const large = mail('large', `${'x'.repeat(998)}\r\n`.repeat(20_000));
    await using server = await serveNamed([[large]]);
    await using ferry = await Ferry.to(server.address);
    let octets = 0;
    ferry.onReceived = (more) => {
      octets += more;
    };
    ferry.wrapDestinations = (all) =>
      all.map((destination) =>
        destinationWith(destination, { begin: () => ({ ...destination.begin(), write: full }) }),
      );
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'disk-full' } });
    expect(octets).toBeLessThan(large.length / 2);
  });

  test('is not hidden by a message without end', async () => {
    await using server = await serveNamed(
      [[ONE], [TWO]],
      [{ do: 'endless', command: 'RETR', messages: [2], what: 'body' }],
    );
    await using ferry = await Ferry.to(server.address);
    ferry.wrapDestinations = firstIsFull;
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'disk-full' } });
  });
});

test('a ledger that cannot forget what stood in the mbox fails the poll, which ends all the same', async () => {
  await using server = await serveNamed([[ONE]]);
  await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
  await writeFile(
    ferry.folder.at('mbox'),
    'From x@mail.example Thu Jan  1 00:00:00 2026\nSubject: other\n\nother\n\n',
  );
  ferry.wrapLedger = (ledger) =>
    ledgerWith(ledger, {
      noteFound: (found) =>
        found.length > 0 ? ledger.noteFound(found) : Promise.reject(new MailError('disk-full', 'no room')),
    });
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 1, error: { code: 'disk-full' } });
  ferry.wrapLedger = (ledger) => ledger;
  expect(await ferry.ledger.openPoll()).toMatchObject({ interrupted: false, ledgerWasPutBack: false });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
});
