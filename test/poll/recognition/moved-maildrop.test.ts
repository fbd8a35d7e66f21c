import { describe, expect, test } from 'vitest';
import { RENUMBERING_MS } from '../../../src/poll/limits.ts';
import type { Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const [ONE, TWO, THREE, FOUR] = [mail('one'), mail('two'), mail('three'), mail('four')] as const;

/** What the maildrop holds from now on, under unique-ids that begin so. */
async function holds(server: Pop3Server, prefix: string, ...messages: readonly string[]): Promise<void> {
  const maildrop = server.maildrop('alice');
  await maildrop.remove(await maildrop.list());
  for (const message of messages) maildrop.add(message, { uid: `${prefix}${messages.indexOf(message)}` });
}

describe('I8: a maildrop that a provider moves, so that all has new unique-ids and comes bit by bit,', () => {
  test.each<[string, readonly string[]]>([
    ['the oldest first', [ONE]],
    ['the newest first, with mail that is new', [FOUR]],
    ['nothing at first', []],
  ])('brings nothing a second time: %s', async (_, first) => {
    await using server = await serve();
    await using ferry = await Ferry.to(server.address);
    await holds(server, 'old', ONE, TWO, THREE);
    await ferry.poll();
    await holds(server, 'new', ...first);
    await ferry.poll();
    await ferry.poll();
    await holds(server, 'new', ...first, ...[ONE, TWO, THREE].filter((it) => !first.includes(it)));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, ...first.filter((it) => it === FOUR)));
  });

  test('has what is new retrieved, and all of it deleted when that is wanted', async () => {
    await using server = await serve();
    await using ferry = await Ferry.to(server.address);
    await holds(server, 'old', ONE, TWO, THREE);
    await ferry.poll();
    await holds(server, 'new', TWO);
    await ferry.poll();
    await holds(server, 'new', TWO, ONE, FOUR, THREE);
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 4 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, FOUR));
  });

  test('is waited for a week; then headers are not asked for any more', async () => {
    await using server = await serve();
    await using ferry = await Ferry.to(server.address);
    await holds(server, 'old', ONE, TWO);
    await ferry.poll();
    await holds(server, 'new', ONE);
    await ferry.poll();
    ferry.runtime.advance(RENUMBERING_MS + 1);
    await ferry.poll();
    ferry.takeCommands();
    await holds(server, 'new', ONE, THREE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(ferry.takeCommands()).not.toContain('TOP 2 0');
  });

  test('is not suspected when somebody has deleted some of it', async () => {
    await using server = await serve();
    await using ferry = await Ferry.to(server.address);
    await holds(server, 'same', ONE, TWO);
    await ferry.poll();
    await holds(server, 'same', ONE);
    await ferry.poll();
    ferry.takeCommands();
    await holds(server, 'same', ONE, THREE);
    server.maildrop('alice').add(FOUR);
    await ferry.poll();
    ferry.takeCommands();
    server.maildrop('alice').add(mail('five'));
    await ferry.poll();
    expect(ferry.takeCommands().filter((line) => line.startsWith('TOP'))).toEqual([]);
  });
});

test('I8: mail without a Message-ID comes once under new unique-ids, though TOP does not give the header as RETR does', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map(
    (name) => `X-A: b\r\nSubject: ${name}\r\n\r\n${name}\r\n`,
  );
  await using server = await serve();
  await using ferry = await Ferry.to(server.address);
  await holds(server, 'old', one ?? '', two ?? '');
  await ferry.poll();
  server.setFaults([{ do: 'shorten', command: 'TOP', octets: 8 }]);
  await holds(server, 'new', one ?? '', two ?? '', three ?? '');
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
  expect(await ferry.mail()).toEqual(storedAll(one ?? '', two ?? '', three ?? ''));
});
