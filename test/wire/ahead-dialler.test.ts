import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AheadDialler } from '../../src/wire/ahead-dialler.ts';

const HOST = '127.0.0.1';
let server: Server;
let connected: Socket[];
let port: number;

beforeEach(async () => {
  connected = [];
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    connected.push(socket);
    socket.write('+OK hello\r\n');
  }).listen(0, HOST);
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of connected) socket.destroy();
  server.close();
});

const signal = new AbortController().signal;

async function firstOctets(socket: Socket): Promise<string> {
  const [octets] = (await once(socket, 'data')) as [Buffer];
  return octets.toString();
}

describe('AheadDialler', () => {
  test('gives the connection that it has begun, with all that has come on it', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    await vi.waitFor(() => expect(connected.length).toBe(1));
    const socket = await dialler.dial({ host: HOST, port, signal });
    expect(await firstOctets(socket)).toBe('+OK hello\r\n');
    expect(connected.length).toBe(1);
    socket.destroy();
  });

  test('gives it once: whoever dials next gets one of his own', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    const sockets = [
      await dialler.dial({ host: HOST, port, signal }),
      await dialler.dial({ host: HOST, port, signal }),
    ];
    expect(new Set(sockets).size).toBe(2);
    await vi.waitFor(() => expect(connected.length).toBe(2));
    for (const socket of sockets) socket.destroy();
  });

  test('gives it only for the same place, the address to connect from included', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    const socket = await dialler.dial({ host: HOST, port, sourceAddress: '127.0.0.2', signal });
    expect(socket.localAddress).toBe('127.0.0.2');
    socket.destroy();
  });

  test('dials anew where the server has ended it meanwhile', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    await vi.waitFor(() => expect(connected.length).toBe(1));
    const closed = once(connected[0]!, 'close');
    connected[0]!.resetAndDestroy();
    await closed;
    await vi.waitFor(async () => {
      const socket = await dialler.dial({ host: HOST, port, signal });
      expect(await firstOctets(socket)).toBe('+OK hello\r\n');
      socket.destroy();
    });
    expect(connected.length).toBe(2);
  });

  test('dials anew where nobody wanted it for so long that the server may lose patience', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    const later = performance.now() + 60_000;
    vi.spyOn(performance, 'now').mockImplementation(() => later);
    const socket = await dialler.dial({ host: HOST, port, signal });
    await vi.waitFor(() => expect(connected.length).toBe(2));
    socket.destroy();
  });

  test('says what is wrong when it is wanted, not before', async () => {
    server.close();
    await once(server, 'close');
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    await expect(dialler.dial({ host: HOST, port, signal })).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('ends at the signal of who dials, with its reason, and closes what comes of it later', async () => {
    using dialler = new AheadDialler();
    await dialler.begin({ host: HOST, port });
    await vi.waitFor(() => expect(connected.length).toBe(1));
    const reason = new Error('enough');
    await expect(dialler.dial({ host: HOST, port, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await vi.waitFor(() => expect(connected[0]?.readyState).not.toBe('open'));
  });

  test('closes what nobody wanted', async () => {
    {
      using dialler = new AheadDialler();
      await dialler.begin({ host: HOST, port });
      await vi.waitFor(() => expect(connected.length).toBe(1));
    }
    await vi.waitFor(() => expect(connected[0]?.readyState).not.toBe('open'));
  });
});
