import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
}

/** Passes octets on in both directions, and resets each connection after so many octets from the server. */
export async function cuttingProxy({
  host,
  port,
  afterOctets,
}: {
  host: string;
  port: number;
  afterOctets: number;
}): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host, port });
    let left = afterOctets;
    upstream.on('data', (block) => {
      client.write(block.subarray(0, left));
      left -= block.length;
      if (left <= 0) client.end(() => upstream.destroy());
    });
    client.on('data', (block) => upstream.write(block));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
