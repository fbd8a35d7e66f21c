import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../src/poll/limits.ts';
import { mayLackSomething, SizeExperience } from '../../src/poll/retrieval/listed-size.ts';
import { type Faults } from '../../src/pop3-server/index.ts';
import { Ferry, killedBeforeRecording, mail, serve, storedAll } from './ferry.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three', 'line\r\n'.repeat(400))] as const;
const AFTER_DELIVERY = { deletion: { kind: 'after-delivery' } } as const;
const NEVER = { deletion: { kind: 'never' } } as const;
const NO_UIDL: Faults = [{ do: 'hide', names: ['UIDL'] }];

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
