import { describe, expect, test } from 'vitest';
import { Connection } from '../../src/wire/connection.ts';
import { connectionLost, protocolViolation } from '../../src/wire/errors.ts';
import { MAX_LINE_OCTETS } from '../../src/wire/limits.ts';
import { plainCommand, secretCommand } from '../../src/wire/transcript.ts';
import { MemoryWire } from '../support/memory-wire.ts';
import { collect, connected, settled } from './connected.ts';

describe('readLine', () => {
  test('gives line after line, whatever the blocks, without their line ends', async () => {
    const { wire, connection } = connected();
    for (const block of ['+O', 'K a\r', '\n-ERR', ' b\n\r\n', 'c\r\r\n']) wire.arrive(block);
    const lines = [];
    for (let count = 0; count < 4; count += 1) lines.push(await connection.readLine('testing'));
    expect(lines).toEqual(['+OK a', '-ERR b', '', 'c\r']);
  });

  test('gives each octet as one character', async () => {
    const { wire, connection } = connected();
    wire.arrive('\x00\x7f\x80\xff\xe9\r\n');
    expect(await connection.readLine('testing')).toBe('\x00\x7f\x80\xff\xe9');
  });

  // RFC 1939 §3 [long-responses]
  test('takes the longest line that is allowed', async () => {
    const { wire, connection } = connected();
    wire.arrive(`${'x'.repeat(MAX_LINE_OCTETS - 1)}\r\n`);
    expect(await connection.readLine('testing')).toHaveLength(MAX_LINE_OCTETS - 1);
  });

  test.each([
    ['with an end', 'x'.repeat(MAX_LINE_OCTETS + 2).concat('\r\n')],
    ['without an end', 'x'.repeat(MAX_LINE_OCTETS + 2)],
  ])('breaks the connection at a longer one %s', async (_, line) => {
    const { wire, connection } = connected();
    wire.arrive(line);
    await expect(connection.readLine('testing')).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('while testing') as string,
    });
    expect(wire.destroyed).toBe(true);
  });

  test('gives what had come just before the line failed to whoever waited, then says that it has failed', async () => {
    const { wire, connection } = connected();
    const line = connection.readLine('testing');
    await settled();
    wire.emit('data', Buffer.from('-ERR [IN-USE] busy\r\n'));
    wire.emit('error', new Error('ECONNRESET'));
    expect(await line).toBe('-ERR [IN-USE] busy');
    await expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('gives what had come before the end of the stream, then says that it has ended', async () => {
    const { wire, connection } = connected();
    wire.arrive('+OK\r\nhalf');
    wire.finish();
    expect(await connection.readLine('testing')).toBe('+OK');
    await expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('gives the first reason for ever after', async () => {
    const { wire, connection } = connected();
    wire.finish();
    const [first, second] = await Promise.allSettled([connection.readLine('one'), settled()]);
    expect(second.status).toBe('fulfilled');
    const reason = first.status === 'rejected' ? (first.reason as unknown) : undefined;
    await expect(connection.readLine('two')).rejects.toBe(reason);
    expect(() => connection.sendLine(plainCommand('NOOP'))).toThrow('The connection ended while one.');
    expect(connection.break(connectionLost('three'))).toBe(reason);
    expect(connection.broken).toBe(reason);
  });

  test('says why when the line fails', async () => {
    const { wire, connection } = connected();
    const line = connection.readLine('testing');
    wire.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await expect(line).rejects.toMatchObject({
      code: 'connection-lost',
      message: 'The connection ended while testing (connection reset by the other side).',
    });
  });
});

describe('multiline', () => {
  test('leaves what comes after it for the next reply', async () => {
    const { wire, connection } = connected();
    wire.arrive('a\r\n..b\r\n.\r\n+OK next\r\n');
    expect(await collect(connection.multiline('testing'))).toBe('a\r\n.b\r\n');
    expect(await connection.readLine('testing')).toBe('+OK next');
    expect(connection.heldOctets).toBe(0);
  });

  test('breaks the connection when it is not read to its end', async () => {
    const { wire, connection } = connected();
    wire.arrive('a\r\n');
    // oxlint-disable-next-line no-unreachable-loop -- to stop early is the point
    for await (const block of connection.multiline('testing')) {
      expect(block.toString()).toBe('a\r\n');
      break;
    }
    expect(connection.broken?.message).toContain('not read to its end');
    await expect(connection.readLine('testing')).rejects.toThrow('not read to its end');
  });

  test('does not break it when only the end is left to be seen', async () => {
    const { wire, connection } = connected();
    wire.arrive('a\r\n.\r\n+OK\r\n');
    // oxlint-disable-next-line no-unreachable-loop -- to stop early is the point
    for await (const block of connection.multiline('testing')) {
      expect(block.toString()).toBe('a\r\n');
      break;
    }
    expect(await connection.readLine('testing')).toBe('+OK');
  });

  test('raises when the line ends before the response does, and has ended then', async () => {
    const { wire, connection } = connected();
    wire.arrive('a\r\n.');
    wire.finish();
    const blocks = connection.multiline('testing');
    await expect(collect(blocks)).rejects.toMatchObject({ code: 'connection-lost' });
    expect(await blocks.next()).toEqual({ value: undefined, done: true });
  });

  test.each([
    ['have come', 0],
    ['are yet to come', 1],
  ])('gives the blocks in order to who asks for several at a time, when they %s', async (_, isLater) => {
    const { wire, connection } = connected();
    let ends = 0;
    const blocks = connection.multiline('testing', () => (ends += 1));
    const arrive = (): void => {
      for (const letter of 'abc') wire.emit('data', Buffer.alloc(20_000, letter));
      wire.emit('data', Buffer.from('\r\n.\r\n+OK\r\n'));
    };
    if (isLater === 0) arrive();
    const results = Promise.all(Array.from({ length: 6 }, () => blocks.next()));
    if (isLater === 1) arrive();
    const letters = (await results).map(({ value }) => value?.toString('latin1', 0, 1));
    expect(letters).toEqual(['a', 'b', 'c', '\r', undefined, undefined]);
    expect(ends).toBe(1);
    expect(await connection.readLine('testing')).toBe('+OK');
  });

  test('gives them in order also to who asks again when the first has come', async () => {
    const { wire, connection } = connected();
    const blocks = connection.multiline('testing');
    const first = blocks.next();
    const third = first.then(() => blocks.next());
    const second = blocks.next();
    for (const letter of 'abc') wire.emit('data', Buffer.alloc(20_000, letter));
    const letters = (await Promise.all([first, second, third])).map(({ value }) =>
      value?.toString('latin1', 0, 1),
    );
    expect(letters).toEqual(['a', 'b', 'c']);
  });

  test('waits for the block under way before it is left early', async () => {
    const { wire, connection } = connected();
    const blocks = connection.multiline('testing');
    const next = blocks.next();
    const left = blocks.return?.();
    wire.arrive('a\r\n.\r\n+OK\r\n');
    expect((await next).value?.toString()).toBe('a\r\n');
    expect(await left).toEqual({ value: undefined, done: true });
    expect(await connection.readLine('testing')).toBe('+OK');
  });

  test('ends for all who ask for more when the line fails', async () => {
    const { wire, connection } = connected();
    const blocks = connection.multiline('testing');
    const results = Promise.allSettled([blocks.next(), blocks.next()]);
    wire.destroy(new Error('reset'));
    const [first, second] = await results;
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'connection-lost' } });
    expect(second).toEqual({ status: 'fulfilled', value: { value: undefined, done: true } });
  });
});

describe('readRows', () => {
  test('gives the lines of a response, however they are cut', async () => {
    const { wire, connection } = connected();
    for (const octet of '1 a\r\n2 b\r\n\r\n3\nc\r\n..d\r\n.\r\n') wire.arrive(octet);
    const lines: string[] = [];
    await connection.readRows(
      'testing',
      () => 10,
      (block, start, end) => lines.push(block.toString('latin1', start, end)),
    );
    expect(lines).toEqual(['1 a', '2 b', '', '3', 'c', '.d']);
  });

  test('takes as many lines as allowed, and breaks the connection at one more', async () => {
    const { wire, connection } = connected();
    wire.arrive('1\r\n2\r\n.\r\n1\r\n2\r\n3\r\n.\r\n');
    const lines: string[] = [];
    await connection.readRows(
      'testing',
      () => 2,
      (block, start, end) => lines.push(block.toString('latin1', start, end)),
    );
    await expect(
      connection.readRows(
        'testing',
        () => 2,
        (block, start, end) => lines.push(block.toString('latin1', start, end)),
      ),
    ).rejects.toMatchObject({
      code: 'protocol',
    });
    expect(lines).toEqual(['1', '2', '1', '2']);
    expect(wire.destroyed).toBe(true);
  });

  test('breaks the connection at a line without end', async () => {
    const { wire, connection } = connected();
    const lines = connection.readRows(
      'testing',
      () => 10,
      () => undefined,
    );
    for (let count = 0; count < 10; count += 1) wire.arrive('x'.repeat(MAX_LINE_OCTETS / 4));
    await expect(lines).rejects.toMatchObject({ code: 'protocol' });
  });
});

describe('sendLine', () => {
  test('sends a line, and shows the transcript no secret', () => {
    const seen: string[] = [];
    const { wire, connection } = connected({ transcript: (side, line) => seen.push(`${side} ${line}`) });
    connection.sendLine(plainCommand('USER \xe9'));
    connection.sendLine(secretCommand('PASS', 'tr0ub4dor'));
    connection.sendLine(secretCommand('', 'dGVzdA=='));
    expect(wire.written).toBe('USER \xe9\r\nPASS tr0ub4dor\r\ndGVzdA==\r\n');
    expect(seen).toEqual(['sent USER \xe9', 'sent PASS ***', 'sent ***']);
  });

  test.each(['a\r\nDELE 1', 'a\nDELE 1', 'a\rDELE 1', 'a\r\n'])('sends nothing of %j', (text) => {
    const { wire, connection } = connected();
    expect(() => connection.sendLine(secretCommand('PASS', text))).toThrow('must not contain a line end');
    expect(wire.written).toBe('');
    connection.sendLine(plainCommand('NOOP'));
    expect(wire.written).toBe('NOOP\r\n');
  });
});

describe('send', () => {
  test('resolves at once while the other side takes octets', async () => {
    const { wire, connection } = connected();
    await connection.send(Buffer.from('a'));
    expect(wire.written).toBe('a');
  });

  test('waits until the other side has taken enough', async () => {
    const wire = new MemoryWire({ writeBufferOctets: 4 });
    const connection = new Connection(wire);
    wire.hold();
    let done = false;
    const sent = connection.send(Buffer.from('12345678')).finally(() => {
      done = true;
    });
    await settled();
    expect(done).toBe(false);
    wire.release();
    await sent;
    expect(done).toBe(true);
  });

  test.each([
    ['while it waits', false],
    ['before', true],
  ])('raises when the line has gone %s', async (_, before) => {
    const wire = new MemoryWire({ writeBufferOctets: 4 });
    const connection = new Connection(wire);
    wire.hold();
    if (before) {
      wire.destroy();
      await settled();
    }
    const sent = connection.send(Buffer.from('12345678'));
    if (!before) wire.destroy();
    await expect(sent).rejects.toMatchObject({ code: 'connection-lost' });
    expect(wire.listenerCount('drain')).toBe(0);
  });
});

describe('upgrade', () => {
  // RFC 2595 §4 [injection]
  test('refuses clear text that came with the reply that allowed it', async () => {
    const { wire, connection } = connected();
    wire.arrive('+OK begin\r\n+OK injected\r\n');
    expect(await connection.readLine('testing')).toBe('+OK begin');
    let wrapped = false;
    const upgrade = connection.upgrade((socket) => {
      wrapped = true;
      return Promise.resolve(socket);
    });
    await expect(upgrade).rejects.toMatchObject({ code: 'protocol' });
    expect(wrapped).toBe(false);
    expect(wire.destroyed).toBe(true);
  });

  test('reads nothing more from the old transport', async () => {
    const { wire, connection } = connected();
    const secure = new MemoryWire();
    await connection.upgrade(() => Promise.resolve(secure));
    wire.arrive('+OK injected\r\n');
    secure.arrive('+OK secure\r\n');
    expect(await connection.readLine('testing')).toBe('+OK secure');
    connection.sendLine(plainCommand('CAPA'));
    expect([wire.written, secure.written]).toEqual(['', 'CAPA\r\n']);
  });

  test('is refused on a broken connection', async () => {
    const { connection } = connected();
    const reason = connection.break(protocolViolation('lost step'));
    await expect(connection.upgrade((socket) => Promise.resolve(socket))).rejects.toBe(reason);
  });
});

describe('close', () => {
  test('flushes what was sent, and may be called again, also at the same time', async () => {
    const { wire, connection } = connected();
    connection.sendLine(plainCommand('QUIT'));
    await Promise.all([connection.close(), connection.close()]);
    await connection.close();
    expect(wire.written).toBe('QUIT\r\n');
    expect(wire.destroyed).toBe(true);
  });

  test('after a break keeps the reason of the break', async () => {
    const { connection } = connected();
    const reason = connection.break(protocolViolation('lost step'));
    await connection.close();
    expect(connection.broken).toBe(reason);
  });

  test('does not wait for ever for a side that takes nothing', async () => {
    const { wire, connection } = connected();
    wire.hold();
    connection.sendLine(plainCommand('QUIT'));
    await connection.close();
    expect(wire.destroyed).toBe(true);
  });

  test('ends the wait of whoever reads', async () => {
    const { connection } = connected();
    const line = connection.readLine('testing');
    const [read] = await Promise.allSettled([line, connection.close()]);
    expect(read.status).toBe('rejected');
  });

  test('tells who wanted to know, once', async () => {
    const { connection } = connected();
    let times = 0;
    connection.onClose(() => {
      times += 1;
    });
    await connection.close();
    await settled();
    expect(times).toBe(1);
  });
});

describe('what lies there', () => {
  test.each([
    [8192, true],
    [8193, false],
  ])('is no line if that has %i octets: %s', async (octets, isLine) => {
    const { wire, connection } = connected();
    wire.emit('data', Buffer.from(`${'x'.repeat(octets)}\n`));
    const read = connection.readLine('testing').then(({ length }) => length);
    if (isLine) expect(await read).toBe(octets);
    else await expect(read).rejects.toMatchObject({ code: 'protocol' });
  });

  test('is given to nobody once the connection is broken', async () => {
    const { wire, connection } = connected();
    wire.emit('data', Buffer.from('+OK a\r\n+OK b\r\n.\r\n'));
    expect(await connection.readLine('testing')).toBe('+OK a');
    connection.break(connectionLost('testing'));
    await expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(connection.multiline('testing').next()).rejects.toMatchObject({ code: 'connection-lost' });
  });
});
