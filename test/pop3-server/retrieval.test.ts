import { describe, expect, test } from 'vitest';
import { createServer, type Maildrop } from '../../src/pop3-server/index.ts';
import { BLOCK_OCTETS } from '../../src/pop3-server/limits.ts';
import { Replies } from '../../src/pop3-server/replies.ts';
import { headerAndLines } from '../../src/pop3-server/top.ts';
import { Unstuffer } from '../../src/wire/byte-stuffing.ts';
import { greetedClient, loggedInClient } from '../support/raw-client.ts';

const EVERY_OCTET = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));

const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ['lines that begin with dots', Buffer.from('.\r\n..\r\n.a\r\n...\r\nx.\r\n.\r\n')],
  ['bare CR and bare LF', Buffer.from('a\rb\nc\n.d\r.e\r\n\r\r\n\n\r\n')],
  ['a lone dot between bare LFs', Buffer.from('a\n.\nb\r\n')],
  ['every octet there is', Buffer.concat([EVERY_OCTET, Buffer.from('\r\n')])],
  ['NULs', Buffer.from('\0\0\r\n\0.\r\n')],
  ['nothing at all', Buffer.alloc(0)],
  ['only a line end', Buffer.from('\r\n')],
  ['no final line end', Buffer.from('Subject: x\r\n\r\nno end')],
  ['a final bare LF', Buffer.from('Subject: x\r\n\r\nend\n')],
  ['a final bare CR', Buffer.from('Subject: x\r\n\r\nend\r')],
  ['a final dot', Buffer.from('Subject: x\r\n\r\n.')],
  ['a line of a megabyte', Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(1_000_000)}\r\n`)],
  ['a megabyte of dots', Buffer.from('.\r\n'.repeat(333_333))],
  [
    'more than a block, cut at the CR',
    Buffer.from(`${'x'.repeat(65_535)}\r\n.${'y'.repeat(65_533)}\r\n.\r\n`),
  ],
];

describe('RETR', () => {
  // RFC 1939 §5 [retr]
  // RFC 1939 §3 [byte-stuffing]
  test.each(MESSAGES)('gives %s octet by octet, and as many octets as LIST says', async (_, message) => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [message] } },
    });
    await using client = await loggedInClient(server.address);
    const listed = await client.command('LIST 1');
    const status = await client.command('RETR 1');
    const unstuffer = new Unstuffer();
    const received = unstuffer.push(await client.body());
    const complete = message.length === 0 || message.subarray(-2).equals(Buffer.from('\r\n'));
    const expected = complete ? message : Buffer.concat([message, Buffer.from('\r\n')]);
    expect(received.equals(expected)).toBe(true);
    expect(unstuffer.ended).toBe(true);
    expect(listed).toBe(`+OK 1 ${expected.length}`);
    expect(status).toBe(`+OK ${expected.length} octets`);
    expect(await client.command('NOOP')).toMatch(/^\+OK/);
  });

  // RFC 2449 §6.6 [pipelining-writes]
  test('waits for a slow reader instead of holding the message', async () => {
    let produced = 0;
    const blocks = 2000;
    const block = Buffer.from(`${'x'.repeat(65_534)}\r\n`);
    const maildrop: Maildrop = {
      remove: () => Promise.resolve(),
      list: () =>
        Promise.resolve([
          {
            uid: 'large',
            octets: blocks * block.length,
            // oxlint-disable-next-line require-await -- the interface is asynchronous
            async *read() {
              for (; produced < blocks; produced += 1) yield block;
            },
          },
        ]),
    };
    const bob = { password: 'secret' };
    await using server = await createServer({ users: { alice: { password: 'secret', maildrop }, bob } });
    await using slow = await loggedInClient(server.address);
    await using other = await greetedClient(server.address);
    await other.logIn('bob');
    slow.pause();
    slow.send('RETR 1\r\n');
    // Meanwhile the server has all the turns it wants.
    for (let turn = 0; turn < 500; turn += 1) await other.command('NOOP');
    expect(produced).toBeGreaterThan(0);
    expect(produced).toBeLessThan(blocks / 4);
  });

  test('asks for no block before the one before it is on its way', async () => {
    let produced = 0;
    const blocks = function* (): Generator<Buffer> {
      for (; ; produced += 1) yield Buffer.alloc(BLOCK_OCTETS);
    };
    const sent: number[] = [];
    const stopAfter = 5;
    const send = (): Promise<void> => {
      sent.push(produced);
      return sent.length < stopAfter ? Promise.resolve() : Promise.reject(new Error('The line is full.'));
    };
    const replies = new Replies({ send, mayUse: () => true, onStatus: () => undefined });
    await expect(replies.multiline('Endless.', blocks())).rejects.toThrow('The line is full.');
    expect(sent).toEqual([0, 1, 2, 3, 4]);
  });

  test('refuses a message that cannot be read, and goes on', async () => {
    const maildrop: Maildrop = {
      remove: () => Promise.resolve(),
      list: () =>
        Promise.resolve([
          {
            uid: 'gone',
            octets: 10,
            // oxlint-disable-next-line require-await, require-yield -- it fails before it gives anything
            async *read() {
              throw new Error('It is gone.');
            },
          },
        ]),
    };
    await using server = await createServer({ users: { alice: { password: 'secret', maildrop } } });
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(await client.command('TOP 1 0')).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(await client.command('NOOP')).toMatch(/^\+OK/);
  });

  test('cuts the connection, rather than end it well, when a message breaks off', async () => {
    const maildrop: Maildrop = {
      remove: () => Promise.resolve(),
      list: () =>
        Promise.resolve([
          {
            uid: 'broken',
            octets: 200_000,
            // oxlint-disable-next-line require-await -- the interface is asynchronous
            async *read() {
              yield Buffer.alloc(100_000, 'x');
              throw new Error('The disk is failing.');
            },
          },
        ]),
    };
    await using server = await createServer({ users: { alice: { password: 'secret', maildrop } } });
    await using client = await loggedInClient(server.address);
    await client.command('RETR 1');
    expect((await client.rest()).toString()).toBe('x'.repeat(100_000));
  });
});

describe('TOP', () => {
  const message = 'A: 1\r\nB: 2\r\n\r\nfirst\r\n.second\r\n\r\nfourth\r\n';

  test.each([
    [0, 'A: 1\r\nB: 2\r\n\r\n.\r\n'],
    [1, 'A: 1\r\nB: 2\r\n\r\nfirst\r\n.\r\n'],
    [2, 'A: 1\r\nB: 2\r\n\r\nfirst\r\n..second\r\n.\r\n'],
    [3, 'A: 1\r\nB: 2\r\n\r\nfirst\r\n..second\r\n\r\n.\r\n'],
    [4, 'A: 1\r\nB: 2\r\n\r\nfirst\r\n..second\r\n\r\nfourth\r\n.\r\n'],
    ['99999999999999999999999999', 'A: 1\r\nB: 2\r\n\r\nfirst\r\n..second\r\n\r\nfourth\r\n.\r\n'],
    [9_007_199_254_740_991, 'A: 1\r\nB: 2\r\n\r\nfirst\r\n..second\r\n\r\nfourth\r\n.\r\n'],
  ])('gives the header, the blank line and %s lines', async (lines, expected) => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [message] } },
    });
    await using client = await loggedInClient(server.address);
    await client.command(`TOP 1 ${lines}`);
    expect((await client.body()).toString()).toBe(expected);
  });

  test.each([
    ['all of a message that is all header', 'A: 1\r\nB: 2\r\n', 0, 'A: 1\r\nB: 2\r\n'],
    ['an empty header', '\r\nbody\r\nmore\r\n', 1, '\r\nbody\r\n'],
    ['no line more for bare LFs', 'A: 1\r\n\r\na\nb\r\nc\r\n', 1, 'A: 1\r\n\r\na\nb\r\n'],
    ['no end of header at a bare LF', 'A: 1\n\nB: 2\r\n\r\nbody\r\n', 0, 'A: 1\n\nB: 2\r\n\r\n'],
    ['an unfinished last line', 'A: 1\r\n\r\nend', 5, 'A: 1\r\n\r\nend'],
    ['nothing of nothing', '', 5, ''],
  ])('finds %s, wherever the blocks are cut', async (_, text, lines, expected) => {
    const octets = Buffer.from(text);
    const cuts = Array.from({ length: octets.length + 1 }, (__, at) => [
      octets.subarray(0, at),
      octets.subarray(at),
    ]);
    for (const blocks of [...cuts, [...octets].map((octet) => Buffer.from([octet]))]) {
      const out: Buffer[] = [];
      for await (const block of headerAndLines(eachOf(blocks), lines)) out.push(block);
      expect(Buffer.concat(out).toString()).toBe(expected);
    }
  });
});

// oxlint-disable-next-line require-await -- the interface is asynchronous
async function* eachOf(blocks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* blocks;
}
