import { describe, expect, test } from 'vitest';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { rewrite, takeAway } from '../odd-server.ts';

const NAMES = ['one', 'two', 'three'];
const MESSAGES = NAMES.map((name) => mail(name));
const TRACE = 'X-Moved-By: the provider\r\n';
const KEPT = { deletion: { kind: 'never' } } as const;

/** Each message as it is after the provider has moved the maildrop. */
async function moveAll(
  server: Awaited<ReturnType<typeof serve>>,
  change: (message: string) => string,
): Promise<void> {
  const maildrop = server.maildrop('alice');
  await maildrop.remove(await maildrop.list());
  for (const message of MESSAGES) maildrop.add(change(message));
}

describe('a provider that moves a maildrop, so that all unique-ids are new,', () => {
  test('I8: and writes fields into the headers has nothing stored twice, and new mail comes', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    await moveAll(server, (message) => TRACE + message);
    const added = mail('four');
    server.maildrop('alice').add(added);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 4 });
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES, added));
  });

  test('and changes the bodies has them stored as they are now, too', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    await ferry.poll();
    const changed = (message: string): string => `${TRACE}${message}-- \r\nscanned\r\n`;
    await moveAll(server, changed);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3 });
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES, ...MESSAGES.map(changed)));
  });

  test('I8: and writes into the headers has nothing stored twice in an mbox, as long as it stands where it was put', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
    await ferry.poll();
    await moveAll(server, (message) => TRACE + message);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail('mbox')).toEqual(storedAll(...MESSAGES));
  });
});

describe.each(['maildir', 'mbox'] as const)(
  'I8: an account that gets another host name, and one more header field, with a %s',
  (kind) => {
    const MOVED = { host: 'localhost' };

    test.each([
      ['under the same unique-ids', (uid: string) => uid],
      ['under new ones', (uid: string) => `new-${uid}`],
    ])('has nothing stored twice: %s', async (_, uidOf) => {
      await using server = await serve(...MESSAGES);
      await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: [kind] });
      await ferry.poll();
      await rewrite(server, (message) => TRACE + message, uidOf);
      const added = mail('four');
      server.maildrop('alice').add(added);
      expect(await ferry.poll(MOVED)).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
      expect(await ferry.poll(MOVED)).toMatchObject({ outcome: 'ok', fetched: 0, kept: 4 });
      expect(await ferry.mail(kind)).toEqual(storedAll(...MESSAGES, added));
    });

    test('has nothing stored twice where the first poll fails, and what it lists comes bit by bit', async () => {
      await using server = await serve(...MESSAGES);
      await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: [kind] });
      await ferry.poll();
      await rewrite(
        server,
        (message) => TRACE + message,
        (uid) => `new-${uid}`,
      );
      server.setFaults([{ do: 'cut', command: 'LIST' }]);
      expect(await ferry.poll(MOVED)).toMatchObject({ outcome: 'failed' });
      server.setFaults([]);
      const last = server.maildrop('alice').messages.at(-1) ?? '';
      await takeAway(server, 2);
      expect(await ferry.poll(MOVED)).toMatchObject({ outcome: 'ok', fetched: 0 });
      server.maildrop('alice').add(last);
      expect(await ferry.poll(MOVED)).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(await ferry.mail(kind)).toEqual(storedAll(...MESSAGES));
    });
  },
);

test('a second copy of a message, with another header, is stored while the maildrop stays where it is', async () => {
  await using server = await serve(...MESSAGES);
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  await ferry.poll();
  const maildrop = server.maildrop('alice');
  await maildrop.remove((await maildrop.list()).slice(0, 1));
  const copy = `List-Id: <list.example>\r\n${mail('one')}`;
  maildrop.add(copy);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(...MESSAGES, copy));
});
