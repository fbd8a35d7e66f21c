import { expect, test } from 'vitest';
import { SESSION_MS } from '../../src/poll/limits.ts';
import {
  createServer,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { PERSONALITIES } from '../../src/pop3-server/personalities/index.ts';
import { Ferry, mail } from './ferry.ts';

/** A server that announces a delay, and tells how often somebody came. */
async function serve(options: Partial<ServerOptions>): Promise<{ server: Pop3Server; visits: () => number }> {
  const events: ServerEvent[] = [];
  const server = await createServer({
    users: { alice: { password: 'secret', messages: [mail('one')] } },
    observe: (event) => events.push(event),
    ...options,
  });
  return { server, visits: () => events.filter(({ kind }) => kind === 'opened').length };
}

// RFC 2449 §6.5 [login-delay-respected]
test('a server that wants time between two logins is not even called before that, also by another process', async () => {
  const { server, visits } = await serve({ loginDelay: 60 });
  await using _ = server;
  await using ferry = await Ferry.to(server.address);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  await ferry.restart();
  ferry.runtime.advance(40_000);
  const report = await ferry.poll();
  expect(report).toMatchObject({ outcome: 'failed', error: { code: 'login-delay' } });
  expect(report.error?.message).toBe(
    '127.0.0.1 wants 60 s between two logins, and 20 s of them are left; nothing was sent to it.',
  );
  expect(visits()).toBe(1);
});

test('the last seconds of that time are waited for', async () => {
  // This one announces it, and does not enforce it.
  const { server, visits } = await serve({ personality: PERSONALITIES.courier });
  await using _ = server;
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  ferry.runtime.advance(9_900);
  const begun = performance.now();
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
  expect(performance.now() - begun).toBeGreaterThan(95);
  expect(visits()).toBe(2);
});

test('that wait ends at once when the poll is to stop', async () => {
  const { server, visits } = await serve({ loginDelay: 15 });
  await using _ = server;
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  expect(await ferry.poll({}, { stop: AbortSignal.timeout(1) })).toMatchObject({
    error: { code: 'aborted' },
  });
  expect(visits()).toBe(1);
});

test('when the time is over, the next poll logs in', async () => {
  const { server } = await serve({ personality: PERSONALITIES.gmail });
  await using _ = server;
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  ferry.runtime.advance(300_000);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', error: null });
});

test.each([
  ['the account has another server or user by now', { user: 'bob' }, 0],
  ['the clock was set back since then', {}, -3_600_000],
  ['a day has gone, whatever the server wants', {}, 86_400_000],
])('a login counts no more where %s', async (_, changes, later) => {
  const lines = ['USER', 'UIDL', 'LOGIN-DELAY 999999999'];
  const personality = { ...PERSONALITIES.courier, capabilities: { before: lines, after: lines } };
  const users = {
    alice: { password: 'secret', messages: [mail('one')] },
    bob: { password: 'secret', messages: [mail('two')] },
  };
  const { server, visits } = await serve({ personality, users });
  await using __ = server;
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  expect(await ferry.poll()).toMatchObject({ error: { code: 'login-delay' } });
  ferry.runtime.time += later;
  expect(await ferry.poll(changes)).toMatchObject({ outcome: 'ok' });
  expect(visits()).toBe(2);
});

test.each<[string, 'after-delivery' | 'never', number]>([
  ['is carried whole where that time is short: between two sessions it is waited for', 'after-delivery', 4],
  ['from which nothing is deleted takes one session', 'never', 1],
])('a maildrop that takes long %s', async (_name, kind, sessions) => {
  const messages = Array.from({ length: 4 }, (_, index) => mail(`${index}`));
  const { server, visits } = await serve({
    loginDelay: 1,
    users: { alice: { password: 'secret', messages } },
  });
  await using _ = server;
  server.setFaults([{ do: 'hide', names: ['PIPELINING'] }]);
  await using ferry = await Ferry.to(server.address, { account: { deletion: { kind } } });
  ferry.runtime.readingMs = SESSION_MS;
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: messages.length, error: null });
  expect(visits()).toBe(sessions);
});

test.each([
  [0, 0],
  [60, 60_000],
  [999_999_999, 24 * 3_600_000],
])(
  'a delay of %i s is told to whoever watches, and of none too long more than a day',
  async (loginDelay, told) => {
    const { server } = await serve({ loginDelay });
    await using _ = server;
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    expect(ferry.facts).toEqual([{ loginDelayMs: told, certificateExpiresAt: undefined }]);
  },
);
