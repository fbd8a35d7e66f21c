import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Draft, Envelope, Receipt } from '../../../src/delivery/destination.ts';
import { tagOf } from '../../../src/delivery/maildir/names.ts';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { destinationWith, Ferry, ledgerWith, mail, storedAll } from '../ferry.ts';
import { NO_UIDL, serveNamed } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

describe('I8: when a server gives two messages one unique-id, both are kept', () => {
  test.each<[string, string, string]>([
    ['of different content', ONE, TWO],
    ['of the same content', ONE, ONE],
  ])('%s', async (_, first, second) => {
    await using server = await serveNamed([[first, 'same'], [THREE], [second, 'same']]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, kept: 3 });
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(ferry.takeCommands()).toEqual(['STAT', 'LIST', 'UIDL', 'QUIT']);
    expect(await ferry.mail()).toEqual(storedAll(first, second, THREE));
  });

  test.each<[string, string, string]>([
    ['of different content', ONE, TWO],
    ['of the same content', ONE, ONE],
  ])('and both are deleted once they are safe: %s', async (_, first, second) => {
    await using server = await serveNamed([
      [first, 'same'],
      [second, 'same'],
    ]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(first, second));
  });

  test('and both that were refused at first are kept apart later', async () => {
    await using server = await serveNamed(
      [
        [ONE, 'same'],
        [TWO, 'same'],
      ],
      [{ do: 'refuse', command: 'RETR', sessions: 1 }],
    );
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, skipped: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('I3: and equal ones are told apart also at the destination, should a kill leave them unrecorded', async () => {
    await using server = await serveNamed([
      [ONE, 'same'],
      [ONE, 'same'],
    ]);
    await using ferry = await Ferry.to(server.address);
    let received = 0;
    ferry.onReceived = (octets) => {
      received += octets;
    };
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: async (delivery) => {
          while (received < 2 * ONE.length) await new Promise((resolve) => setImmediate(resolve));
          for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          return ledger.recordDelivery(delivery);
        },
      });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    const names = await readdir(ferry.folder.at('maildir', 'new'));
    expect(new Set(names.map(tagOf)).size).toBe(2);
  });

  test('the second one coming later', async () => {
    await using server = await serveNamed([[ONE, 'same']]);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.maildrop('alice').add(TWO, { uid: 'same' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('also when it is deleted later, each once', async () => {
    await using server = await serveNamed([
      [ONE, 'same'],
      [TWO, 'same'],
    ]);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('and one that is refused does not stand for the other', async () => {
    await using server = await serveNamed(
      [
        [ONE, 'same'],
        [TWO, 'same'],
      ],
      [{ do: 'refuse', command: 'RETR', messages: [2], sessions: 1 }],
    );
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 1, deleted: 1 });
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });
});

test('I8: two messages of one unique-id that had failed do not share the record of that', async () => {
  await using server = await serveNamed([
    [ONE, 'same'],
    [TWO, 'same'],
  ]);
  await using ferry = await Ferry.to(server.address);
  const refused: Faults = [{ do: 'refuse', command: 'RETR', messages: [2] }];
  const first: Faults = [{ do: 'refuse', command: 'RETR', messages: [1] }];
  const short: Faults = [{ do: 'sizes', messages: [1], offset: 1000 }];
  for (const what of [first, short]) {
    server.setFaults([...what, ...refused]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, skipped: 2 });
  }
  server.setFaults([]);
  ferry.wrapDestinations = (all) => all.map(togetherWithNext);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
  ferry.wrapDestinations = (all) => all;
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
  expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
});

/** The first message is not made visible before the second is ready for it too. */
function togetherWithNext(destination: Destination): Destination {
  let go: (() => void) | undefined;
  const second = new Promise<void>((resolve) => (go = resolve));
  let ready = 0;
  const begin = (): Draft => {
    const draft = destination.begin();
    const commit = async (envelope: Envelope): Promise<Receipt> => {
      ready += 1;
      if (ready === 2) go?.();
      await second;
      return draft.commit(envelope);
    };
    return { ...draft, commit };
  };
  return destinationWith(destination, { begin });
}

describe('I8: a unique-id that comes back', () => {
  test('with another content after its deletion is another message', async () => {
    await using server = await serveNamed([[ONE, 'again']]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(TWO, { uid: 'again' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('with the same content is deleted again and not stored twice', async () => {
    await using server = await serveNamed([[ONE, 'again']]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(ONE, { uid: 'again' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(ONE));
  });

  test('and cannot be had at first is still compared with what was carried', async () => {
    await using server = await serveNamed([[ONE, 'again']]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    server.maildrop('alice').add(ONE, { uid: 'again' });
    server.setFaults([{ do: 'refuse', command: 'RETR', sessions: 1 }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial' });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE));
  });

  test('called __proto__ is one like any other', async () => {
    await using server = await serveNamed([
      [ONE, '__proto__'],
      [TWO, 'constructor'],
    ]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
  });
});

describe('I8: a server without unique-ids', () => {
  test('has its messages known by their content, and none stored twice', async () => {
    await using server = await serveNamed([[ONE], [TWO], [ONE]], NO_UIDL);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, kept: 3 });
    server.maildrop('alice').add(THREE);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE, TWO, THREE));
  });

  test('has them deleted once they are safe', async () => {
    await using server = await serveNamed([[ONE], [TWO], [ONE]], NO_UIDL);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, deleted: 3 });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(ONE, ONE, TWO));
  });

  test('that has them one day delivers nothing again', async () => {
    await using server = await serveNamed([[ONE], [TWO]], NO_UIDL);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.setFaults([]);
    await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });
});

const status = (text: string): string => `Subject: status\r\n\r\n${text}\r\n`;

describe('I8: when a server changes every unique-id', () => {
  test('a new message is not taken for an old one that only looks like it from outside', async () => {
    await using server = await serveNamed([[status('good')], [ONE]]);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'never' } } });
    await ferry.poll();
    await using changed = await serveNamed([
      [status('evil'), 'new-1'],
      [ONE, 'new-2'],
    ]);
    await ferry.poll({ ...changed.address, ...AFTER_DELIVERY });
    expect(await ferry.mail()).toEqual(storedAll(status('good'), status('evil'), ONE));
  });
});
