import { describe, expect, test } from 'vitest';
import { createServer, type Maildrop, MemoryMaildrop } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, pollAndDie, storedAll } from '../ferry.ts';
import { NEVER } from '../policies.ts';

/** A maildrop that lists the numbers of its messages for unique-ids. */
function numbered(messages: () => readonly string[]): Maildrop {
  return {
    list: () =>
      Promise.resolve(
        messages().map((message, index) => ({
          uid: String(index + 1),
          octets: message.length,
          async *read() {
            yield Buffer.from(message);
          },
        })),
      ),
    remove: () => Promise.resolve(),
  };
}

function serve(maildrop: Maildrop): ReturnType<typeof createServer> {
  return createServer({ users: { alice: { password: 'secret', maildrop } } });
}

/** Of a device that gives all its mail one Message-ID and one text. */
const alike = (subject: string): string =>
  `Message-ID: <device@here>\r\nSubject: ${subject}\r\n\r\nsee above\r\n`;

const nameless = (name: string): string => `Subject: ${name}\r\n\r\nbody ${name}\r\n`;

describe.each([
  ['with a Message-ID', mail],
  ['without one', nameless],
])('under numbers for unique-ids mail %s', (_, make) => {
  test.each([
    ['in the first poll', []],
    ['in a later one', ['a1', 'b2']],
  ])(
    'I3: in an mbox is stored once, though a poll was killed before it could record it, %s',
    async (__, before) => {
      const box = before.map((name) => make(name));
      await using server = await serve(numbered(() => box));
      await using ferry = await Ferry.to(server.address, { account: NEVER, destinations: ['mbox'] });
      if (before.length > 0) await ferry.poll();
      box.push(make('c3'), make('d4'));
      await pollAndDie(ferry);
      for (let poll = 0; poll < 2; poll += 1) expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
      expect(await ferry.mail('mbox')).toEqual(storedAll(...box));
    },
  );

  test.each([
    ['maildir', []],
    ['maildir', ['a1', 'b2']],
    ['mbox', []],
    ['mbox', ['a1', 'b2']],
  ] as const)(
    'I3: in a %s is stored once, though it has moved up since a poll was killed, behind %j',
    async (kind, before) => {
      const all = [...before, 'c3', 'd4', 'e5', 'e5'].map((name) => make(name));
      let box = all.slice(0, before.length);
      await using server = await serve(numbered(() => box));
      await using ferry = await Ferry.to(server.address, { account: NEVER, destinations: [kind] });
      if (before.length > 0) await ferry.poll();
      box = all;
      await pollAndDie(ferry);
      box = all.slice(1);
      for (let poll = 0; poll < 2; poll += 1) expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
      expect(await ferry.mail(kind)).toEqual(storedAll(...all));
    },
  );
});

test.each([[false], [true]])(
  'a number in a name is no sign of a ledger that was put back (restart: %j)',
  async (restarted) => {
    const all = [mail('a1'), mail('b2'), nameless('c3'), nameless('d4'), mail('e5')];
    let box = all;
    await using server = await serve(numbered(() => box));
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    box = box.slice(1);
    if (restarted) await ferry.restart();
    for (let poll = 0; poll < 2; poll += 1) await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(...all));
    expect(ferry.notices.join()).not.toContain('put back');
  },
);

test('I1: what a kill left under a unique-id is not the message that has it later', async () => {
  const [kept, left, later] = [mail('z9'), mail('b2'), mail('c3')];
  const maildrop = new MemoryMaildrop([kept]);
  await using server = await serve(maildrop);
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  await ferry.poll();
  maildrop.add(left, { uid: 'again' });
  await pollAndDie(ferry);
  await maildrop.remove((await maildrop.list()).slice(1));
  await ferry.poll();
  await ferry.restart();
  maildrop.add(later, { uid: 'again' });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(kept, left, later));
});

test.each([
  ['the same Message-ID and another subject', 'Message-ID: <device@here>\r\nSubject: '],
  ['no Message-ID', 'Subject: '],
])('I1: a message under the unique-id of a carried one is not deleted for it, with %s', async (_, header) => {
  const [first, second] = [`${header}smoke\r\n\r\nsee above\r\n`, `${header}fire!\r\n\r\nsee above\r\n`];
  const maildrop = new MemoryMaildrop();
  maildrop.add(first, { uid: 'u' });
  await using server = await serve(maildrop);
  await using ferry = await Ferry.to(server.address, {
    account: { deletion: { kind: 'after', milliseconds: 1000 } },
  });
  await ferry.poll();
  await maildrop.remove(await maildrop.list());
  maildrop.add(second, { uid: 'u' });
  ferry.runtime.advance(2000);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 0 });
  expect(await ferry.mail()).toEqual(storedAll(first, second));
});

test('I1: alike messages of a maildrop that was moved are told apart by their subjects', async () => {
  const maildrop = new MemoryMaildrop([alike('smoke')]);
  await using server = await serve(maildrop);
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  await ferry.poll();
  await maildrop.remove(await maildrop.list());
  maildrop.add(alike('fire'));
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(alike('smoke'), alike('fire')));
});
