import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
} from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LineOptions, openSession, type TlsMode } from '../../src/pop3-client/index.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { number, octetsOf } from './session.suite.ts';

/** Whole sessions by every way to the server, with and without TLS inside. */

const MESSAGE = Buffer.from(`Subject: long\r\n\r\n${'0123456789abcdef\r\n'.repeat(50_000)}`);

let server: Pop3Server;
let http: Server;
let socks: Server;

beforeAll(async () => {
  server = await createServer({
    users: { alice: { password: 'secret', messages: [MESSAGE] } },
    tls: certificate(),
    tlsPort: 0,
  });
  http = createHttpServer().on('connect', ({ url = '' }, client, head: Buffer) => {
    const { hostname, port } = new URL(`tcp://${url}`);
    const upstream = connectTcp(Number(port), hostname, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    upstream.write(head);
    upstream.pipe(client).pipe(upstream);
    for (const socket of [client, upstream]) socket.on('error', () => upstream.destroy());
  });
  socks = createTcpServer((client) => {
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request: Buffer) => {
        const host = [...request.subarray(4, 8)].join('.');
        const upstream = connectTcp(request.readUInt16BE(8), host, () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          upstream.pipe(client).pipe(upstream);
        });
        upstream.on('error', () => client.destroy());
      });
    });
    client.on('error', () => undefined);
  });
  for (const proxy of [http, socks]) await once(proxy.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  await server.close();
  http.close();
  socks.close();
});

function portOf(proxy: Server): number {
  return (proxy.address() as AddressInfo).port;
}

const COPY =
  'const s=require("net").connect(+process.argv[2],process.argv[1]);process.stdin.pipe(s);s.pipe(process.stdout)';

const WAYS: Readonly<Record<string, () => LineOptions>> = {
  straight: () => ({}),
  'from an address of its own': () => ({ sourceAddress: '127.0.0.3' }),
  'a proxy of HTTP': () => ({ proxy: `http://127.0.0.1:${portOf(http)}` }),
  'a proxy of SOCKS': () => ({ proxy: `socks5://127.0.0.1:${portOf(socks)}` }),
  'a command': () => ({ tunnel: { command: [process.execPath, '-e', COPY, '%h', '%p'] } }),
};

describe.each(Object.keys(WAYS))('%s', (way) => {
  test.each<TlsMode>(['none', 'starttls', 'implicit'])('carries a session (TLS: %s)', async (tls) => {
    const { host, port } = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
    const session = await openSession({
      host,
      port,
      tls,
      ca: [authority().cert],
      user: 'alice',
      password: 'secret',
      allowCleartext: true,
      ...WAYS[way]?.(),
    });
    expect((await octetsOf(await session.retr(number(1)))).equals(MESSAGE)).toBe(true);
    await session.quit();
  });
});

test.each(['a proxy of HTTP', 'a proxy of SOCKS', 'a command'])(
  'I5: by %s, a loopback address is not this machine, and no password is shown',
  async (way) => {
    const seen: string[] = [];
    const session = openSession({
      ...server.address,
      tls: 'none',
      user: 'alice',
      password: 'secret',
      auth: 'user-pass',
      transcript: (_, line) => seen.push(line),
      ...WAYS[way]?.(),
    });
    await expect(session).rejects.toMatchObject({ code: 'tls' });
    expect(seen.join()).not.toContain('alice');
  },
);

test('a command that fails before TLS says why, and not that TLS is wrong', async () => {
  const session = openSession({
    ...server.address,
    user: 'alice',
    password: 'secret',
    tunnel: { command: 'echo "no route to gateway" >&2; exit 255' },
  });
  await expect(session).rejects.toMatchObject({
    code: 'unreachable',
    message: 'The tunnel command ended with status 255: no route to gateway',
  });
});
