import { describe, expect, test, vi } from 'vitest';
import {
  type Authorization,
  type ConnectOptions,
  connect,
  openSession,
} from '../../src/pop3-client/index.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { type Answer, answering, type RawPeer, rawPeer } from '../support/raw-peer.ts';
import { options, serverThat } from './hostile.ts';

const users = { alice: { password: 'secret', messages: ['Subject: one\r\n\r\n'] } };

/** A server as any other, and a promise that its one client has closed the line. */
async function peerThat(answer: Answer): Promise<RawPeer & { readonly left: Promise<unknown> }> {
  let onLeft: (value: unknown) => void;
  const left = new Promise((resolve) => (onLeft = resolve));
  const script = answering(serverThat(answer));
  const peer = await rawPeer((line, ordinal) => script(line, ordinal).then(() => line.closed().then(onLeft)));
  return { ...peer, left };
}

describe('a session', () => {
  test('is over with a QUIT that was refused, too', async () => {
    await using peer = await peerThat((command) =>
      command === 'QUIT' ? '-ERR some are left\r\n' : undefined,
    );
    const session = await openSession(options(peer));
    await expect(session.quit()).rejects.toMatchObject({ message: expect.stringContaining('some are left') });
    await expect(session.noop()).rejects.toMatchObject({ code: 'usage' });
    expect(await peer.left).toBe(undefined);
  });

  test('that is left at the end of its scope deletes nothing', async () => {
    await using server = await createServer({ users });
    {
      await using session = await openSession({
        ...server.address,
        tls: 'none',
        user: 'alice',
        password: 'secret',
      });
      for (const { number } of await session.list()) await session.dele(number);
    }
    expect(server.maildrop('alice').messages.length).toBe(1);
  });

  test('tells why the signal ended it', async () => {
    await using server = await createServer({ users });
    const reason = new Error('the user has closed the window');
    const login = {
      user: 'alice',
      password: 'secret',
      tls: 'none',
      signal: AbortSignal.abort(reason),
    } as const;
    await expect(openSession({ ...server.address, ...login })).rejects.toMatchObject({
      code: 'aborted',
      cause: reason,
    });
  });

  test('tells why the signal ended it at a command, too', async () => {
    await using server = await createServer({ users, faults: [{ do: 'stall', command: 'STAT' }] });
    const controller = new AbortController();
    const login = { user: 'alice', password: 'secret', tls: 'none', signal: controller.signal } as const;
    const session = await openSession({ ...server.address, ...login });
    const reason = new Error('the window was closed');
    const raised = expect(session.stat()).rejects.toMatchObject({
      code: 'aborted',
      cause: { message: reason.message },
    });
    controller.abort(reason);
    await raised;
    expect(session.broken?.cause).toBe(reason);
  });

  test('can share its signal with many others, without a warning of a leak', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
    const maildrops = Object.fromEntries(names.map((name) => [name, { password: 'secret' }]));
    await using server = await createServer({ users: maildrops });
    const { signal } = new AbortController();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const sessions = await Promise.all(
      names.map((user) => openSession({ ...server.address, tls: 'none', user, password: 'secret', signal })),
    );
    for (const session of sessions) await session.quit();
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  test('does not stay open when whoever watches it raises an error', async () => {
    await using peer = await peerThat(() => undefined);
    const watch = {
      greeted: () => {
        throw new Error('a bug in the watcher');
      },
    };
    await expect(connect({ ...options(peer), watch })).rejects.toThrow('a bug in the watcher');
    expect(await peer.left).toBe(undefined);
  });
});

function before(
  { host, port }: { host: string; port: number },
  more: Partial<ConnectOptions> = {},
): Promise<Authorization> {
  return connect({ host, port, tls: 'none', ...more });
}

describe('before the login a session', () => {
  test('ends with the signal', async () => {
    await using server = await createServer({ users });
    const controller = new AbortController();
    const authorization = await before(server.address, { signal: controller.signal });
    controller.abort();
    await expect(authorization.capa()).rejects.toMatchObject({ code: 'aborted' });
  });

  test('ends with its scope', async () => {
    await using peer = await peerThat(() => undefined);
    {
      await using authorization = await before(peer);
      await authorization.capa();
    }
    expect(await peer.left).toBe(undefined);
  });

  // RFC 1939 §3 [state-commands]
  test('is over once it is logged in, and cannot end the session that it became', async () => {
    await using server = await createServer({ users });
    const authorization = await before(server.address);
    const session = await authorization.login('user-pass', 'alice', 'secret');
    for (const late of [
      authorization.capa(),
      authorization.utf8(),
      authorization.quit(),
      authorization.login('user-pass', 'alice', 'secret'),
    ])
      await expect(late).rejects.toMatchObject({ code: 'usage' });
    await authorization.close();
    expect(await session.stat()).toMatchObject({ messages: 1 });
    await session.quit();
  });

  test('does not wait for ever for TLS that does not begin', async () => {
    await using peer = await rawPeer(
      answering((command) => (command === 'STLS' ? '+OK\r\n' : undefined), '+OK\r\n'),
    );
    const authorization = await before(peer, { timeouts: { connectMs: 200 } });
    await expect(authorization.stls({ serverName: 'localhost' })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('setting up TLS'),
    });
    await expect(authorization.capa()).rejects.toMatchObject({ code: 'timeout' });
  });

  // RFC 5034 §4 [certificate-first]
  test('says nothing more, and no password, once a certificate was found wanting', async () => {
    const commands: string[] = [];
    await using server = await createServer({
      users,
      tls: certificate(),
      observe: (event) => void (event.kind === 'command' && commands.push(event.line)),
    });
    const authorization = await before(server.address);
    await expect(authorization.stls({ serverName: 'localhost' })).rejects.toMatchObject({ code: 'tls' });
    for (const late of [authorization.capa(), authorization.login('plain', 'alice', 'secret')])
      await expect(late).rejects.toMatchObject({ code: 'tls' });
    expect(commands).toEqual(['STLS']);
  });
});
