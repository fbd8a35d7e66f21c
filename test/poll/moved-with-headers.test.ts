import { describe, expect, test } from 'vitest';
import { Ferry, mail, serve, storedAll } from './ferry.ts';

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

  test('and writes into the headers has them stored again in an mbox, where no name leads to what is stored', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
    await ferry.poll();
    await moveAll(server, (message) => TRACE + message);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3 });
  });
});

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
