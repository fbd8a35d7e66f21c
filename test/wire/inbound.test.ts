import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../../src/wire/connection.ts';
import { RECEIVE_BUFFER_OCTETS } from '../../src/wire/limits.ts';
import { plainCommand } from '../../src/wire/transcript.ts';
import { MemoryWire } from '../support/memory-wire.ts';
import { collect, connected, settled } from './connected.ts';

describe('the idle deadline', () => {
  // Otherwise a machine that is busy elsewhere decides.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('ends a wait in which nothing comes', async () => {
    const { wire, connection } = connected({ idleMs: 30 });
    const line = expect(connection.readLine('testing')).rejects.toMatchObject({
      code: 'timeout',
      message: 'No usable answer for 0.03 s while testing.',
    });
    await vi.advanceTimersByTimeAsync(29);
    expect(wire.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await line;
    expect(wire.destroyed).toBe(true);
  });

  test('spares what came while the whole process stood still, however little it is', async () => {
    const { wire, connection } = connected({ idleMs: 30 });
    const line = connection.readLine('testing');
    vi.advanceTimersByTime(5000);
    wire.arrive('+OK\r\n');
    expect(await line).toBe('+OK');
  });

  test('begins anew with each wait', async () => {
    const { wire, connection } = connected({ idleMs: 200 });
    for (let count = 0; count < 4; count += 1) {
      const line = connection.readLine('testing');
      await vi.advanceTimersByTimeAsync(190);
      wire.arrive(`${'x'.repeat(70)}\r\n`);
      expect(await line).toHaveLength(70);
    }
  });

  test('does not run while nobody waits', async () => {
    const { wire, connection } = connected({ idleMs: 30 });
    wire.arrive('a\r\n');
    expect(await connection.readLine('testing')).toBe('a');
    await vi.advanceTimersByTimeAsync(1000);
    wire.arrive('b\r\n');
    expect(await connection.readLine('testing')).toBe('b');
  });

  test('may be put off while somebody waits', async () => {
    const { wire, connection } = connected({ idleMs: 30 });
    const line = expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(20);
    connection.idleMs = 50;
    await vi.advanceTimersByTimeAsync(49);
    expect(wire.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await line;
  });

  test('also ends a drip of single octets', async () => {
    const { wire, connection } = connected({ idleMs: 60 });
    const line = expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'timeout' });
    for (let octets = 0; !wire.destroyed && octets < 100; octets += 1) {
      await vi.advanceTimersByTimeAsync(10);
      wire.arrive('x');
      await settled();
    }
    await line;
  });

  test('takes short replies for no drip, as long as each comes in time', async () => {
    const { wire, connection } = connected({ idleMs: 60 });
    for (let count = 1; count <= 20; count += 1) {
      connection.sendLine(plainCommand(`DELE ${count}`));
      const line = connection.readLine('testing');
      await vi.advanceTimersByTimeAsync(50);
      wire.arrive('+OK\r\n');
      expect(await line).toBe('+OK');
    }
  });

  test('lets a slow line go on that brings enough', async () => {
    const { wire, connection } = connected({ idleMs: 60 });
    const line = connection.readLine('testing');
    for (let blocks = 0; blocks < 19; blocks += 1) {
      await vi.advanceTimersByTimeAsync(10);
      wire.arrive('x'.repeat(40));
      await settled();
    }
    wire.arrive('\r\n');
    expect(await line).toHaveLength(19 * 40);
  });
});

test('a transport that has closed before anybody listened has ended', async () => {
  const wire = new MemoryWire();
  await once(wire.destroy(), 'close');
  const connection = new Connection(wire, { idleMs: 5000 });
  await expect(connection.readLine('testing')).rejects.toMatchObject({ code: 'connection-lost' });
});

describe('octets that nobody takes', () => {
  test('pause the transport, and it goes on when they are taken', async () => {
    const { wire, connection } = connected();
    const block = Buffer.alloc(RECEIVE_BUFFER_OCTETS / 4, 'x');
    for (let count = 0; count < 12; count += 1) wire.arrive(block);
    await settled();
    expect(connection.heldOctets).toBeLessThanOrEqual(RECEIVE_BUFFER_OCTETS + block.length);
    expect(wire.isPaused()).toBe(true);
    wire.arrive('\r\n.\r\n');
    const content = await collect(connection.multiline('testing'));
    expect(content).toHaveLength(12 * block.length + 2);
    expect(wire.isPaused()).toBe(false);
  });
});

async function lengths(blocks: AsyncIterable<Buffer>): Promise<number[]> {
  const all: number[] = [];
  for await (const block of blocks) all.push(block.length);
  return all;
}

describe('octets that have come in several blocks', () => {
  test.each([
    ['small ones together, up to 64 KiB', [16_384, 16_384, 1, 16_384, 16_384, 3], [49_153, 16_387]],
    ['large ones alone', [16_385, 5, 5, 70_000, 5], [16_385, 10, 70_000, 5]],
  ])('are given with %s', async (_, arrived, given) => {
    const { wire, connection } = connected({ receiveBufferOctets: 1_000_000 });
    for (const octets of arrived) wire.emit('data', Buffer.alloc(octets, 'x'));
    wire.emit('data', Buffer.alloc(16_385, 'x'));
    wire.emit('data', Buffer.from('\r\n.\r\n'));
    expect(await lengths(connection.multiline('testing'))).toEqual([...given, 16_385, 2]);
    expect(connection.heldOctets).toBe(0);
  });
});
