import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS, SESSION_MS } from '../../../src/poll/limits.ts';
import { mayLackSomething, SizeExperience } from '../../../src/poll/listed-size.ts';
import type { Faults, Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, type FerryOptions, killedBeforeRecording, mail, serve, storedAll } from '../ferry.ts';
import { NO_UIDL } from '../odd-server.ts';
import { AFTER_DELIVERY, DAY_MS, NEVER } from '../policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three', 'line\r\n'.repeat(400))] as const;

describe.each([
  ['with unique-ids', []],
  ['without unique-ids', NO_UIDL],
] as const)('I9: a message that comes shorter than listed (%s)', (_, always) => {
  test.each([
    ['by half', 1200],
    ['by a few octets', THREE.length - 12],
  ])('%s is not stored, and comes whole with the next poll', async (__, octets) => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([...always, { do: 'shorten', command: 'RETR', messages: [3], octets }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({
      outcome: 'partial',
      fetched: 2,
      deleted: 2,
      skipped: 1,
      error: { code: 'message-damaged' },
    });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    server.setFaults(always);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('is taken as it is when it comes the same in another poll', async () => {
    await using server = await serve(ONE, THREE);
    server.setFaults([...always, { do: 'shorten', command: 'RETR', messages: [2], octets: 1200 }]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 1 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect((await ferry.mail()).join().length).toBeLessThan(THREE.length);
  });
});

test('I9: a message that comes short otherwise each time is quarantined', async () => {
  await using server = await serve(ONE, THREE);
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    server.setFaults([{ do: 'shorten', command: 'RETR', messages: [2], octets: 1200 + 6 * attempt }]);
    expect((await ferry.poll()).outcome).toBe('partial');
  }
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1, error: null });
  expect(await ferry.mail()).toEqual(storedAll(ONE));
});

test('a server whose sizes are wrong by habit delays mail only once', async () => {
  await using server = await serve(ONE, TWO);
  server.setFaults([{ do: 'sizes', factor: 1.1, offset: 20 }]);
  await using ferry = await Ferry.to(server.address, { account: NEVER });
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, skipped: 2 });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
  server.maildrop('alice').add(THREE);
  server.maildrop('alice').add(mail('four'));
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
});

test('also where its line is so slow that a session ends before all have come', async () => {
  const messages = Array.from({ length: 6 }, (_, index) => mail(`${index}`));
  await using server = await serve(...messages);
  server.setFaults([
    { do: 'sizes', offset: 10 },
    { do: 'hide', names: ['PIPELINING'] },
  ]);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  ferry.onReceived = () => ferry.runtime.advance(SESSION_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, skipped: 6 });
  expect(await ferry.poll()).toMatchObject({ fetched: 6 });
});

describe('a message that was stored short', () => {
  const cut = { do: 'shorten', command: 'RETR', messages: [1], octets: 1200 } as const;

  /** What came of THREE, in two polls, is stored; then so many days go by. */
  async function storedShort(server: Pop3Server, options: FerryOptions, days = 1): Promise<Ferry> {
    server.setFaults([cut]);
    const ferry = await Ferry.to(server.address, options);
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ fetched: 1, kept: 1, deleted: 0 });
    ferry.takeCommands();
    ferry.notices.length = 0;
    ferry.runtime.advance(days * DAY_MS);
    return ferry;
  }

  test.each([[['maildir']], [['mbox']], [['maildir', 'mbox']]] as const)(
    'is stored whole too, once, when the server has it one day, and then deleted there: %j',
    async (destinations) => {
      await using server = await serve(THREE);
      await using ferry = await storedShort(server, { account: AFTER_DELIVERY, destinations });
      const [part = ''] = await ferry.mail(destinations[0]);
      server.setFaults([]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1, kept: 0 });
      for (const place of destinations)
        expect(new Set(await ferry.mail(place))).toEqual(new Set([...storedAll(THREE), part]));
      expect(ferry.notices.join()).toMatch(/came with 2\d+ octets now, and is stored; the \d+ octets/);
      // Both records are done with: nothing is waited for, or looked at, because of them.
      server.maildrop('alice').add(ONE);
      await ferry.poll();
      expect(ferry.ledger.identities()).toEqual([]);
      expect(ferry.takeCommands()).not.toContain('TOP 1 0');
    },
  );

  // TOP gives more of the header than there was of the message.
  test.each([
    ['in its header', 10, 0],
    ['in its header, by a server whose sizes are right', 10, 5],
    ['in its body', 1200, 0],
  ])('is known again under another unique-id where it was cut %s', async (_, octets, exact) => {
    const others = Array.from({ length: exact }, (__, index) => mail(`${index}`));
    await using server = await serve(ONE, THREE, ...others);
    const short = { do: 'shorten', command: 'RETR', messages: [2], octets } as const;
    server.setFaults([short]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ fetched: 1, kept: 2 + exact });
    const before = await ferry.mail();
    const renumbered = { do: 'uids', prefix: 'new-' } as const;
    server.setFaults([short, renumbered]);
    for (let poll = 0; poll < 3; poll += 1) expect(await ferry.poll()).toMatchObject({ fetched: 0 });
    expect(await ferry.mail()).toEqual(before);
  });

  test('is asked for once, and kept where nothing is deleted', async () => {
    await using server = await serve(THREE);
    await using ferry = await storedShort(server, { account: NEVER });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 1 });
    for (let day = 0; day < 3; day += 1) {
      ferry.runtime.advance(30 * DAY_MS);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
    }
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual(['RETR 1']);
  });

  test('is asked for at longer and longer intervals while it comes no better', async () => {
    await using server = await serve(THREE);
    await using ferry = await storedShort(server, { account: NEVER }, 0);
    const asked: number[] = [];
    for (let day = 1; day <= 20; day += 1) {
      ferry.runtime.advance(DAY_MS);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
      if (ferry.takeCommands().includes('RETR 1')) asked.push(day);
    }
    expect(asked).toEqual([1, 2, 4, 8, 16]);
    expect(ferry.notices).toEqual([]);
  });

  test('is asked for at once when the server lists more of it than before', async () => {
    await using server = await serve(THREE);
    server.setFaults([cut, { do: 'sizes', offset: -200 }]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ fetched: 1 });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 1 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
  });

  test.each<[string, Faults, string]>([
    ['short in another way', [{ ...cut, octets: 1300 }], 'partial'],
    ['not at all', [{ do: 'refuse', command: 'RETR', messages: [1], text: 'no' }], 'partial'],
    ['without its end', [{ do: 'endless', command: 'RETR', messages: [1], what: 'body' }], 'partial'],
  ])('stays what it is when it comes %s', async (_, faults, outcome) => {
    await using server = await serve(THREE);
    await using ferry = await storedShort(server, { account: AFTER_DELIVERY });
    const before = await ferry.mail();
    server.setFaults(faults);
    expect(await ferry.poll()).toMatchObject({ outcome, fetched: 0, deleted: 0, kept: 1, quarantined: 0 });
    expect(await ferry.poll()).toMatchObject({
      fetched: 0,
      kept: 1,
      skipped: 0,
      error: { code: 'deletion-unconfirmed' },
    });
    expect(await ferry.mail()).toEqual(before);
    server.setFaults([]);
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  });

  test('I3: is stored whole once though the poll that did so was killed', async () => {
    await using server = await serve(THREE);
    await using ferry = await storedShort(server, {
      account: AFTER_DELIVERY,
      destinations: ['maildir', 'mbox'],
    });
    server.setFaults([]);
    ferry.wrapLedger = killedBeforeRecording;
    await ferry.poll();
    ferry.wrapLedger = (ledger) => ledger;
    await ferry.restart();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail()).toHaveLength(2);
    expect(await ferry.mail('mbox')).toHaveLength(2);
  });
});

describe('SizeExperience', () => {
  const exact = { listed: 100, octets: 100 };
  test.each([
    ['nothing, that the end of a message may be counted', [], { listed: 100, octets: 92 }, false],
    ['nothing, that a small message may be cut', [], { listed: 100, octets: 60 }, true],
    ['nothing, that a little of a large one is nothing', [], { listed: 1_000_000, octets: 981_000 }, false],
    ['nothing, that more is not less', [], { listed: 100, octets: 1000 }, false],
    ['exact sizes, that a few octets count', [exact], { listed: 1_000_000, octets: 999_997 }, true],
    ['exact sizes, that a line end may be counted', [exact], { listed: 1_000_000, octets: 999_998 }, false],
    [
      'exact sizes but one',
      [exact, exact, exact, exact, { listed: 10, octets: 12 }],
      { listed: 9, octets: 5 },
      true,
    ],
    [
      'some exact sizes, that they are chance',
      [exact, { listed: 10, octets: 12 }],
      { listed: 9, octets: 5 },
      false,
    ],
    ['fields that are not sent', [{ listed: 1000, octets: 960 }], { listed: 100, octets: 60 }, false],
    [
      'fields that are not sent, but not so many',
      [{ listed: 1000, octets: 960 }],
      { listed: 100, octets: 50 },
      true,
    ],
    ['a part that is always missing', [{ listed: 2000, octets: 1000 }], { listed: 500, octets: 250 }, false],
  ])('knows by %s', (_, past, sizes, expected) => {
    expect(new SizeExperience(past).isShort(sizes)).toBe(expected);
  });
});

describe('I1: what may lack something', () => {
  const cut = { do: 'shorten', command: 'RETR', messages: [3], octets: 1200 } as const;

  test('is stored when it comes the same in two polls, stays on the server, and says so', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([cut]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 2, deleted: 2 });
    server.setFaults([{ ...cut, messages: [1] }]);
    for (const fetched of [1, 0]) {
      expect(await ferry.poll()).toMatchObject({
        outcome: 'partial',
        fetched,
        deleted: 0,
        kept: 1,
        error: { code: 'deletion-unconfirmed' },
      });
    }
    expect(server.maildrop('alice').messages.map(String)).toEqual([THREE]);
  });

  test('is deleted when somebody says so, and what lacks as much afterwards without a word', async () => {
    await using server = await serve(THREE);
    server.setFaults([{ do: 'shorten', command: 'RETR', octets: 1200 }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ fetched: 1, deleted: 0 });
    expect(await ferry.poll({}, { confirmDelete: true })).toMatchObject({ outcome: 'ok', deleted: 1 });
    server.maildrop('alice').add(mail('five', 'line\r\n'.repeat(400)));
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  });

  test('is deleted when the server lists its true size one day', async () => {
    await using server = await serve(ONE);
    server.setFaults([{ do: 'sizes', offset: 40 }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 1, deleted: 0 });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE));
  });

  test('after a kill is not deleted either', async () => {
    await using server = await serve(THREE);
    server.setFaults([{ do: 'shorten', command: 'RETR', octets: 1200 }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    await ferry.poll();
    ferry.wrapLedger = killedBeforeRecording;
    await ferry.poll();
    ferry.wrapLedger = (ledger) => ledger;
    await ferry.restart();
    expect(await ferry.poll()).toMatchObject({ deleted: 0, kept: 1 });
    expect(server.maildrop('alice').messages.map(String)).toEqual([THREE]);
  });

  const exact = { listed: 1000, octets: 1000, deleted: true };
  const little = { listed: 1000, octets: 993, deleted: false };
  const much = { listed: 1000, octets: 500, deleted: false };
  test.each([
    ['a line end that is counted', [], { listed: 100, octets: 98 }, false],
    ['a little, of which nothing is known', [], little, true],
    ['a little, as always', [little, little, little], little, false],
    [
      'a little, as seldom',
      [little, little, little, ...Array.from({ length: 12 }, () => exact)],
      little,
      true,
    ],
    ['much, as always, which nobody has confirmed', [much, much, much, much], much, true],
    ['much, by a factor', [much, much, { ...much, listed: 700, octets: 350 }], much, false],
    ['much, by nearly one factor', [much, much, { ...much, listed: 710, octets: 350 }], much, true],
    ['much, as was confirmed', [{ ...much, deleted: true }], much, false],
    ['more than was confirmed', [{ ...much, deleted: true }], { listed: 1000, octets: 400 }, true],
    [
      'much, as was confirmed of one among many exact ones',
      [{ ...much, deleted: true }, exact, exact, exact, exact],
      much,
      true,
    ],
    ['nothing', [], { listed: 100, octets: 140 }, false],
  ])('%s', (_, past, sizes, expected) => {
    expect(mayLackSomething(sizes, past)).toBe(expected);
  });
});
