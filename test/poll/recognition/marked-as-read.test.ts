import { mkdir, readdir, rm, truncate, unlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import { refetchMissing } from '../../../src/poll/refetch.ts';
import type { Faults, Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, type FerryOptions, mail, storedAll } from '../ferry.ts';
import { markedAsRead, NUMBERS, rewrite, serveNamed } from '../odd-server.ts';
import { AFTER_DELIVERY, DAY_MS, keptFor, NEVER } from '../policies.ts';
import { refusing } from '../refusing.ts';

const KEPT = keptFor(3);
const MESSAGES = [mail('one'), mail('two'), mail('three')];
/** Without a Message-ID. */
const NAMELESS = ['one', 'two'].map((text) => `Date: today\r\nSubject: ${text}\r\n\r\n${text}\r\n`);
const LIST = (message: string): string => `List-Id: <list.example>\r\n${message}`;
const withField = (message: string): string => `X-Scanned: twice\r\n${message}`;

const served = (messages: readonly string[], faults: Faults = []): Promise<Pop3Server> =>
  serveNamed(
    messages.map((message, at) => [message, `u${at}`] as const),
    faults,
  );

/** The second destination takes no mail. */
function withoutSecond(all: readonly Destination[]): readonly Destination[] {
  return all.map((destination, index) =>
    index === 0 ? destination : refusing(destination, 'destination-locked'),
  );
}

describe.each([
  ['notes that it was read', markedAsRead],
  ['writes other fields into it', withField],
])('I8: where a server %s, at the end of a session', (_, change) => {
  const both: FerryOptions = { account: NEVER, destinations: ['maildir', 'mbox'] };

  test('what one of two destinations could not take comes to that one only', async () => {
    await using server = await served(MESSAGES);
    await using ferry = await Ferry.to(server.address, both);
    ferry.wrapDestinations = withoutSecond;
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
    ferry.wrapDestinations = (all) => all;
    await rewrite(server, change);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(...MESSAGES));
    expect(await ferry.mail('mbox')).toEqual(storedAll(...MESSAGES.map(change)));
  });

  test('what is to come once more comes only to where it was lost', async () => {
    await using server = await served(MESSAGES);
    await using ferry = await Ferry.to(server.address, {
      account: NEVER,
      destinations: ['maildir', 'maildir-2'],
    });
    await ferry.poll();
    await rewrite(server, change);
    await rm(ferry.folder.at('maildir-2'), { recursive: true });
    await mkdir(ferry.folder.at('maildir-2', 'cur'), { recursive: true });
    const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
    await refetchMissing(destinations, ferry.ledger, { alsoMissing: true, dryRun: false, formerPlaces: [] });
    for (const one of destinations) await one.close();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3 });
    expect(await ferry.mail('maildir')).toEqual(storedAll(...MESSAGES));
    expect(await ferry.mail('maildir-2')).toEqual(storedAll(...MESSAGES.map(change)));
  });

  test.each(['maildir', 'mbox'] as const)(
    'what is back after its deletion is deleted again: from a %s',
    async (kind) => {
      await using server = await served(MESSAGES);
      await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: [kind] });
      expect(await ferry.poll()).toMatchObject({ deleted: 3 });
      for (const [at, message] of MESSAGES.entries())
        server.maildrop('alice').add(change(message), { uid: `u${at}` });
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
      expect(await ferry.mail(kind)).toEqual(storedAll(...MESSAGES));
    },
  );

  test('and so is what cannot be had at first', async () => {
    await using server = await served(MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    for (const [at, message] of MESSAGES.entries())
      server.maildrop('alice').add(change(message), { uid: `u${at}` });
    server.setFaults([{ do: 'refuse', command: 'RETR', sessions: 1 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES));
  });
});

describe('I8: where a server notes that mail without a Message-ID was read, what its owner has taken out of', () => {
  test('a Maildir is deleted there, and does not come back', async () => {
    await using server = await served(NAMELESS);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    for (const name of await readdir(ferry.folder.at('maildir', 'new')))
      await unlink(ferry.folder.at('maildir', 'new', name));
    await rewrite(server, markedAsRead);
    ferry.runtime.advance(4 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    expect(await ferry.mail()).toEqual([]);
  });

  test('an mbox is deleted there, and does not come back', async () => {
    await using server = await served(NAMELESS);
    await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
    await ferry.poll();
    await truncate(ferry.folder.at('mbox'));
    await rewrite(server, markedAsRead);
    ferry.runtime.advance(4 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    expect(await ferry.mail('mbox')).toEqual([]);
  });

  test('a Maildir does not come back either when all unique-ids change at once', async () => {
    await using server = await served(NAMELESS);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    for (const name of await readdir(ferry.folder.at('maildir', 'new')))
      await unlink(ferry.folder.at('maildir', 'new', name));
    await rewrite(server, markedAsRead, (uid) => `new-${uid}`);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual([]);
  });
});

describe('I8: what may be another message is stored, though it looks alike:', () => {
  const ONE = MESSAGES[0] ?? '';

  test('one with another body, under the unique-id of one that was deleted', async () => {
    await using server = await served([ONE]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    const other = ONE.replace('\r\n\r\none', '\r\n\r\ntwo');
    server.maildrop('alice').add(markedAsRead(other), { uid: 'u0' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, markedAsRead(other)));
  });

  test('one that neither a Message-ID nor a date tells from others', async () => {
    const [first, second] = ['X-Alarm: 1', 'X-Alarm: 2'].map((field) => `${field}\r\n\r\nalarm\r\n`) as [
      string,
      string,
    ];
    await using server = await served([first]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(second, { uid: 'u0' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(first, second));
  });

  test('a second copy that has the unique-id of the first', async () => {
    await using server = await serveNamed([[ONE, 'same']]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    const maildrop = server.maildrop('alice');
    await maildrop.remove(await maildrop.list());
    for (const message of [LIST(ONE), ONE]) maildrop.add(message, { uid: 'same' });
    await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(ONE, LIST(ONE)));
  });

  test('a second copy under a number that the first one had', async () => {
    await using server = await serveNamed([[MESSAGES[1] ?? ''], [ONE], [LIST(ONE)]], NUMBERS);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    server.setFaults([...NUMBERS, { do: 'refuse', command: 'RETR', messages: [3] }]);
    await ferry.poll();
    const maildrop = server.maildrop('alice');
    await maildrop.remove((await maildrop.list()).slice(0, 2));
    maildrop.add(ONE);
    server.setFaults(NUMBERS);
    await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(MESSAGES[1] ?? '', ONE, LIST(ONE)));
  });
});
