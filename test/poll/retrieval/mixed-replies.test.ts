import { describe, expect, test } from 'vitest';
import type { ListedMessage } from '../../../src/poll/listing.ts';
import { MixedReplies } from '../../../src/poll/retrieval/mixed-replies.ts';
import { type Received, ReplyInDoubt } from '../../../src/poll/retrieval/receive.ts';
import { answering, type PeerLine, type RawPeer, rawPeer } from '../../support/raw-peer.ts';
import { Ferry, mail, storedAll } from '../ferry.ts';

/** Each of its own size. */
const MESSAGES = [1, 2, 3, 4].map((number) => mail(`m${number}`, 'x'.repeat(number)));

/** Which message comes in reply to a RETR behind which so many others wait; undefined: none does. */
type Mixing = (number: number, waiting: number) => number | undefined;

/** A server that says it has PIPELINING, and mixes up the replies. */
function mixedServer(
  mix: Mixing,
  { messages = MESSAGES, listedSize = (text: string) => text.length } = {},
): Promise<RawPeer> {
  const maildrop = new Map(messages.map((text, index) => [index + 1, text]));
  const deleted = new Set<number>();
  const answered = new Map<PeerLine, number>();
  const rows = (told: (number: number, text: string) => string): string =>
    `+OK\r\n${Array.from(maildrop, ([number, text]) => `${told(number, text)}\r\n`).join('')}.\r\n`;
  return rawPeer(
    answering((command, line) => {
      const [keyword = '', argument = ''] = command.split(' ');
      const number = Number(argument);
      switch (keyword) {
        case 'CAPA':
          return '+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n';
        case 'STAT':
          return `+OK ${maildrop.size} 100\r\n`;
        case 'LIST':
          return rows((it, text) => `${it} ${listedSize(text)}`);
        case 'UIDL':
          return rows((it) => `${it} u${it}`);
        case 'TOP':
          return `+OK\r\n${maildrop.get(number)?.split('\r\n\r\n')[0]}\r\n\r\n.\r\n`;
        case 'RETR': {
          const before = (answered.get(line) ?? 0) + 1;
          answered.set(line, before);
          const answer = mix(number, line.received.split('RETR').length - 1 - before);
          return answer === undefined ? undefined : `+OK\r\n${maildrop.get(answer)}.\r\n`;
        }
        case 'DELE':
          deleted.add(number);
          return '+OK\r\n';
        case 'QUIT':
          for (const one of deleted) maildrop.delete(one);
          return undefined;
        default:
          return '+OK\r\n';
      }
    }),
  );
}

test.each([
  ['answers with the last one', (number: number, waiting: number) => number + waiting],
  [
    'leaves one without an answer',
    (number: number, waiting: number) => (waiting > 0 && number === 2 ? undefined : number),
  ],
  ['answers one twice', (number: number, waiting: number) => (waiting > 0 && number === 2 ? 4 : number)],
] as const)(
  'I1: a server that %s where several messages are asked for at once has each stored once',
  async (_, mix) => {
    await using server = await mixedServer(mix);
    const account = {
      deletion: { kind: 'after-delivery' },
      timeouts: { connectMs: 5000, idleMs: 300 },
    } as const;
    await using ferry = await Ferry.to(server, { account });
    for (let poll = 0; poll < 3; poll += 1) await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(...MESSAGES));
  },
);

const withoutCrs = (text: string): number => text.replaceAll('\r\n', '\n').length;

test.each([
  ['shorter', [30, 100]],
  ['longer', [100, 30]],
] as const)(
  'I1: a server that lists sizes without the CRs and swaps the first message with a %s one has none deleted that is not here',
  async (_, [first, second]) => {
    const messages = [second, first, 50].map((size) => mail(`m${size}`, 'x'.repeat(size)));
    let swapped = false;
    const mix: Mixing = (number, waiting) => {
      if (number === 1 && waiting > 0) swapped = true;
      else if (number !== 2 || !swapped) return number;
      else swapped = false;
      return 3 - number;
    };
    await using server = await mixedServer(mix, { messages, listedSize: withoutCrs });
    await using ferry = await Ferry.to(server, { account: { deletion: { kind: 'after-delivery' } } });
    for (let poll = 0; poll < 3; poll += 1) await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 0 });
    expect(new Set(await ferry.mail())).toEqual(new Set(storedAll(...messages)));
  },
);

function listed(number: number, octets: number): ListedMessage {
  return { number, octets, uid: `u${number}`, twin: false } as unknown as ListedMessage;
}

function came(message: ListedMessage, octets: number, sha256 = `hash of ${message.number}`): Received {
  return { retrieval: { message }, octets, sha256, drafts: [] } as unknown as Received;
}

describe('the size of another message', () => {
  const [one, two, three] = [listed(1, 10), listed(2, 20), listed(3, 30)];

  test('clears a message when that other one has come with it, too', () => {
    const mixed = new MixedReplies();
    const held = came(one, 20);
    expect(mixed.take(held, [two])).toEqual([]);
    expect(mixed.isHeld(held)).toBe(true);
    expect(mixed.take(came(two, 20), [])).toEqual([held]);
    expect(mixed.held).toBeUndefined();
  });

  test('puts one in doubt and clears none by it that another has been held for', () => {
    const mixed = new MixedReplies();
    const held = came(one, 20);
    mixed.take(held, [two]);
    mixed.take(came(three, 31), []);
    expect(() => mixed.take(came(two, 30), [three])).toThrow(ReplyInDoubt);
    expect(mixed.held).toBe(held);
  });

  test('holds no message where that other one has come with it before', () => {
    const mixed = new MixedReplies();
    mixed.take(came(one, 10), []);
    const received = came(two, 10);
    expect(mixed.take(received, [one])).toEqual([]);
    expect(mixed.isHeld(received)).toBe(false);
  });

  test.each([
    ['comes with another size', (mixed: MixedReplies) => mixed.take(came(two, 30), [three])],
    ['is the very same message', (mixed: MixedReplies) => mixed.take(came(two, 20, 'hash of 1'), [])],
    ['is refused', (mixed: MixedReplies) => mixed.noteRefused(two.number)],
  ])('puts a message in doubt where that other one %s', (_, then) => {
    const mixed = new MixedReplies();
    mixed.take(came(one, 20), [two]);
    expect(() => then(mixed)).toThrow(ReplyInDoubt);
  });

  test.each([
    ['came with another size', 11, 'hash of 1'],
    ['was the very same message', 10, 'hash of 2'],
  ])('puts a message in doubt where that other one %s before', (_, octets, hash) => {
    const mixed = new MixedReplies();
    mixed.take(came(one, octets, hash), []);
    expect(() => mixed.take(came(two, 10), [one])).toThrow(ReplyInDoubt);
  });
});
