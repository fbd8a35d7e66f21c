import { once } from 'node:events';
import { createServer, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { dial } from '../../src/wire/dial.ts';
import { openLine, type Route } from '../../src/wire/open-line.ts';
import { parseProxyUrl } from '../../src/wire/proxy.ts';
import { requirePrograms } from '../support/programs.ts';
import { type PeerLine, type RawPeer, rawPeer } from '../support/raw-peer.ts';
import { silentAddress } from '../support/silent-address.ts';

const HOST = 'pop.example.org';
const PORT = 995;

async function open(route: Route, host = HOST, port = PORT): Promise<Duplex> {
  return openLine({ host, port, signal: AbortSignal.timeout(5000), ...route });
}

/** What comes from the other side until so many octets are there. */
async function read(line: Duplex, octets: number): Promise<string> {
  let text = '';
  for await (const block of line) {
    text += String(block);
    if (text.length >= octets) break;
  }
  return text;
}

function httpProxy(reply: string): Promise<RawPeer> {
  return rawPeer(async (line) => {
    while ((await line.line()) !== '') continue;
    await line.send(reply);
    await line.closed();
  });
}

/** RFC 1928 and RFC 1929 from the proxy's side, octet by octet. */
function socksProxy(reply: Buffer, wanted?: string): Promise<RawPeer> {
  return rawPeer(async (line: PeerLine) => {
    await line.have(3);
    await line.send(Buffer.from([5, wanted === undefined ? 0 : 2]));
    const greeting = 2 + (line.received.charCodeAt(1) || 0);
    if (wanted !== undefined) {
      await line.have(greeting + wanted.length);
      await line.send(Buffer.from([1, line.received.slice(greeting) === wanted ? 0 : 1]));
    }
    await line.have(greeting + (wanted?.length ?? 0) + 10);
    await line.send(reply);
    await line.closed();
  });
}

const CONNECTED = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]);

describe('by a proxy of HTTP', () => {
  test('the greeting is there, also when it comes in one segment with the answer', async () => {
    await using proxy = await httpProxy('HTTP/1.1 200 Connection established\r\n\r\n+OK ready\r\n');
    const line = await open({ proxy: parseProxyUrl(`http://127.0.0.1:${proxy.port}`) });
    expect(await read(line, 11)).toBe('+OK ready\r\n');
    expect(proxy.lines[0]?.received).toMatch(/^CONNECT pop\.example\.org:995 HTTP\/1\.1\r\n/);
    expect(proxy.lines[0]?.received).not.toMatch(/authorization/i);
  });

  // RFC 9110 §9.3.6
  test('any status of success begins the line', async () => {
    await using proxy = await httpProxy('HTTP/1.1 201 Created\r\n\r\n+OK ready\r\n');
    const line = await open({ proxy: parseProxyUrl(`http://127.0.0.1:${proxy.port}`) });
    expect(await read(line, 11)).toBe('+OK ready\r\n');
  });

  test('a name beyond ASCII is asked for as DNS has it', async () => {
    await using proxy = await httpProxy('HTTP/1.1 200 Connection established\r\n\r\n+OK ready\r\n');
    const route = { proxy: parseProxyUrl(`http://127.0.0.1:${proxy.port}`) };
    expect(await read(await open(route, 'bücher.example'), 11)).toBe('+OK ready\r\n');
    expect(proxy.lines[0]?.received).toMatch(/^CONNECT xn--bcher-kva\.example:995 /);
  });

  test('an IPv6 address is in brackets, user and password are said', async () => {
    await using proxy = await httpProxy('HTTP/1.1 200 OK\r\n\r\n');
    const line = await open(
      { proxy: parseProxyUrl(`http://me:s%40me@127.0.0.1:${proxy.port}/`) },
      '2001:db8::1',
    );
    line.destroy();
    expect(proxy.lines[0]?.received).toMatch(/^CONNECT \[2001:db8::1\]:995 /);
    expect(proxy.lines[0]?.received).toContain(`Basic ${Buffer.from('me:s@me').toString('base64')}`);
  });

  test.each([
    ['HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n', '403 Forbidden'],
    ['HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n', '407'],
    ['HTTP/1.1 407 not s3same\r\ncontent-length: 0\r\n\r\n', '407 not ***'],
    ['+OK this is POP3\r\n', 'Expected HTTP'],
  ])('a refusal is told (%j), without the password', async (reply, words) => {
    await using proxy = await httpProxy(reply);
    const failure = open({ proxy: parseProxyUrl(`http://me:s3same@127.0.0.1:${proxy.port}`) });
    await expect(failure).rejects.toMatchObject({ code: 'unreachable' });
    await expect(failure).rejects.toThrow(words);
    await expect(failure).rejects.not.toThrow('s3same');
  });
});

describe('by a proxy of SOCKS', () => {
  test('the greeting is there, also when it comes in one segment with the answer', async () => {
    await using proxy = await socksProxy(Buffer.concat([CONNECTED, Buffer.from('+OK ready\r\n')]));
    const line = await open({ proxy: parseProxyUrl(`socks5://127.0.0.1:${proxy.port}`) });
    expect(await read(line, 11)).toBe('+OK ready\r\n');
    expect(proxy.lines[0]?.received).toContain(`\x03\x0f${HOST}`);
  });

  test('the greeting is there when it comes later', async () => {
    await using proxy = await rawPeer(async (line) => {
      await line.have(3);
      await line.send(Buffer.from([5, 0]));
      await line.have(13);
      await line.send(CONNECTED);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await line.send('+OK ready\r\n');
      await line.closed();
    });
    const line = await open({ proxy: parseProxyUrl(`socks5h://127.0.0.1:${proxy.port}`) });
    expect(await read(line, 11)).toBe('+OK ready\r\n');
  });

  test('user and password are said where it wants them (RFC 1929)', async () => {
    await using proxy = await socksProxy(CONNECTED, '\x01\x02me\x06s3same');
    const line = await open({ proxy: parseProxyUrl(`socks5://me:s3same@127.0.0.1:${proxy.port}`) });
    line.destroy();
    expect(proxy.lines[0]?.received).toContain(HOST);
  });

  test('a refusal is told, without the password', async () => {
    const denied = Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
    await using proxy = await socksProxy(denied, '\x01\x02me\x06s3same');
    const error = await open({ proxy: parseProxyUrl(`socks5://me:s3same@127.0.0.1:${proxy.port}`) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'unreachable', hint: expect.stringContaining('proxy') as string });
    expect(String(error)).toContain('NotAllowed');
    expect(JSON.stringify(error) + (error as Error).stack).not.toContain('s3same');
    expect((error as Error).cause).toBeUndefined();
  });
});

test('a proxy that cannot be reached, or falls silent, ends with its own error', async () => {
  const gone = await rawPeer((line) => line.closed());
  await gone[Symbol.asyncDispose]();
  await expect(open({ proxy: parseProxyUrl(`socks5://127.0.0.1:${gone.port}`) })).rejects.toThrow(
    `Cannot reach 127.0.0.1:${gone.port}`,
  );
  await using silent = await rawPeer((line) => line.closed());
  for (const scheme of ['socks5', 'http']) {
    const proxy = parseProxyUrl(`${scheme}://127.0.0.1:${silent.port}`);
    const reason = new Error('the budget is spent');
    const stop = new AbortController();
    const opening = openLine({ host: HOST, port: PORT, signal: stop.signal, proxy });
    setTimeout(() => stop.abort(reason), 50);
    await expect(opening).rejects.toBe(reason);
  }
});

describe('the URL of a proxy', () => {
  test.each([
    ['socks5://p', { kind: 'socks5', host: 'p', port: 1080, user: undefined }],
    ['socks5h://u:p@[::1]:9050', { kind: 'socks5', host: '::1', port: 9050, user: 'u' }],
    ['http://p', { kind: 'http', host: 'p', port: 80, user: undefined }],
    ['http://u%40x@p:3128/', { kind: 'http', host: 'p', port: 3128, user: 'u@x' }],
  ])('%s is read', (text, expected) => {
    expect(parseProxyUrl(text)).toMatchObject(expected);
  });

  test.each([
    '',
    'p:1080',
    'ftp://p',
    'https://p',
    'socks5://',
    'http://p/path',
    'http://p?x',
    'http://%zz@p',
  ])('%j is refused', (text) => {
    expect(() => parseProxyUrl(text)).toThrow('cannot be used');
  });

  test('I5: shows its password to nobody', () => {
    expect(JSON.stringify(parseProxyUrl('http://u:s3same@p'))).not.toContain('s3same');
    expect(() => parseProxyUrl('gopher://u:s3same@p')).toThrow(/^(?!.*s3same)/);
  });
});

describe('a tunnel', () => {
  const copy = 'process.stdin.pipe(process.stdout)';

  test('is the line: what its command says and hears', async () => {
    const line = await open(
      { tunnel: { command: 'echo "+OK $0 %h %p 100%%"; cat' } },
      'pop.example.org',
      110,
    );
    expect(await read(line, 10)).toMatch(/^\+OK .*sh pop\.example\.org 110 100%\n$/);
  });

  test('carries octets as they are, both ways', async () => {
    const line = await open({ tunnel: { command: [process.execPath, '-e', copy] } });
    const octets = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    line.write(octets);
    const [block] = (await once(line, 'data')) as [Buffer];
    expect(block.equals(octets)).toBe(true);
    line.destroy();
  });

  test('ends its command, and what that has started, with the line', async () => {
    const line = await open({ tunnel: { command: 'trap "" HUP; sleep 1000 & echo $!; wait' } });
    const [block] = (await once(line, 'data')) as [Buffer];
    const child = Number(String(block));
    line.destroy();
    while (isRunning(child)) await new Promise((resolve) => setImmediate(resolve));
    expect(isRunning(child)).toBe(false);
  });

  test('that fails says so, with the words of its command', async () => {
    const line = await open({ tunnel: { command: 'echo "no route to gateway" >&2; exit 3' } });
    const [error] = (await once(line, 'error')) as [Error];
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toBe('The tunnel command ended with status 3: no route to gateway');
  });

  test('that fails loses nothing of what it said before, however late that is read', async () => {
    const line = await open({ tunnel: { command: 'echo $$; read word; printf "%05000d" 1; exit 3' } });
    const blocks: Buffer[] = [];
    line.on('data', (block: Buffer) => blocks.push(block));
    await once(line, 'data');
    line.pause().write('go\n');
    const pid = Number(String(blocks[0]));
    while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    const [error] = (await once(line.resume(), 'error')) as [Error];
    expect(error.message).toBe('The tunnel command ended with status 3');
    expect(Buffer.concat(blocks).toString()).toBe(`${pid}\n${'1'.padStart(5000, '0')}`);
  });

  test('whose program is not there says so', async () => {
    const opening = open({ tunnel: { command: ['/nonexistent/program'] } });
    await expect(opening).rejects.toThrow('there is no such program');
  });

  test.each(['a b', '$(id)', 'a;b', '-oProxyCommand=x', "a'b", 'a\nb', ''])(
    'never gets a host that means something to a shell: %j',
    async (host) => {
      const opening = open({ tunnel: { command: 'echo %h' } }, host, 1);
      await expect(opening).rejects.toMatchObject({ code: 'config' });
    },
  );

  test('sees only the environment that it is given', async () => {
    const env = { PATH: process.env['PATH'], SEEN: 'yes' };
    const line = await open({ tunnel: { command: 'echo "$SEEN$HOME"', env } });
    expect(await read(line, 4)).toBe('yes\n');
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function found(...addresses: readonly string[]): LookupFunction {
  return (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
}

const lookup: LookupFunction = found('::1', '127.0.0.1');

describe('a host with several addresses', () => {
  test('is reached over the one that answers', async () => {
    await using peer = await rawPeer(async (line) => {
      await line.send('+OK\r\n');
      await line.closed();
    });
    const socket = await dial({ host: HOST, port: peer.port, signal: AbortSignal.timeout(5000), lookup });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  test.each([
    ['there are none', []],
    ['it is not known', undefined],
  ])('is named when %s', async (_, addresses) => {
    const failure = dial({
      host: HOST,
      port: 1,
      signal: AbortSignal.timeout(5000),
      lookup: (_name, _options, callback) =>
        addresses === undefined
          ? callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), [])
          : callback(null, addresses),
    });
    await expect(failure).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('is waited for no longer than it may take to find them', async () => {
    const [late, early] = [new AbortController(), AbortSignal.abort('too late')];
    const never: LookupFunction = () => late.abort('enough');
    await expect(dial({ host: HOST, port: 1, signal: late.signal, lookup: never })).rejects.toBe('enough');
    await expect(dial({ host: HOST, port: 1, signal: early, lookup })).rejects.toBe('too late');
  });

  test('is named when none of them answers', async () => {
    const peer = await rawPeer((line) => line.closed());
    await peer[Symbol.asyncDispose]();
    const failure = dial({ host: HOST, port: peer.port, signal: AbortSignal.timeout(5000), lookup });
    await expect(failure).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('a host with an address that keeps silent', () => {
  beforeEach(requirePrograms('python3'));

  test('is reached at once where the first of them keeps silent', async () => {
    await using peer = await rawPeer((line) => line.closed());
    using _ = await silentAddress('127.0.0.2', peer.port);
    const socket = await dial({
      host: HOST,
      port: peer.port,
      // The system itself asks again after a second.
      signal: AbortSignal.timeout(900),
      lookup: found('127.0.0.2', '127.0.0.1'),
    });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  test('is given the time that it needs, while the others refuse', async () => {
    const peer = await rawPeer((line) => line.closed());
    await peer[Symbol.asyncDispose]();
    using silent = await silentAddress('127.0.0.2', peer.port);
    const dialled = dial({
      host: HOST,
      port: peer.port,
      signal: AbortSignal.timeout(20_000),
      lookup: found('127.0.0.2', '127.0.0.1'),
    });
    setTimeout(() => silent.wake(), 400);
    const socket = await dialled;
    expect(socket.remoteAddress).toBe('127.0.0.2');
    socket.destroy();
  });

  test('is tried over both families in turn', async () => {
    const peer = createServer((socket) => socket.destroy()).listen(0, '::1');
    await once(peer, 'listening');
    const { port } = peer.address() as { port: number };
    using _ = await silentAddress('127.0.0.2', port);
    const signal = AbortSignal.timeout(900);
    const many = Array.from({ length: 5 }, () => '127.0.0.2');
    const socket = await dial({ host: HOST, port, signal, lookup: found(...many, '::1') });
    expect(socket.remoteAddress).toBe('::1');
    socket.destroy();
    peer.close();
  });
});

test('a source address is the one that the server sees', async () => {
  const seen = new Promise<string | undefined>((resolve) => {
    const server = createServer((socket: Socket) => {
      resolve(socket.remoteAddress);
      socket.destroy();
      server.close();
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const signal = AbortSignal.timeout(5000);
      void dial({ host: '127.0.0.1', port, signal, sourceAddress: '127.0.0.2' });
    });
  });
  expect(await seen).toBe('127.0.0.2');
});
