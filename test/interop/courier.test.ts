import { expect, test } from 'vitest';
import { openSession } from '../../src/pop3-client/index.ts';
import { delivered, fetchJson, retrieveRaw } from './judge.ts';
import { served, serverSuite } from './server.suite.ts';
import { courier } from './servers/courier.ts';
import { PASSWORD } from './servers/kind.ts';

const server = served(courier);
serverSuite(courier, server);

test('Courier announces PIPELINING and loses what comes with the login; the client waits for that', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  const session = await openSession({ host, port: ports.plain, tls: 'none', user, password: PASSWORD });
  expect(session.pipelining).toBe(true);
  const [drop, rows, ids] = await Promise.all([session.stat(), session.list(), session.uidl()]);
  await session.quit();
  expect([drop.messages, rows.length, ids?.length]).toEqual([6, 6, 6]);
});

test('Courier wraps a message with 8-bit octets in its header; the client says UTF8, and gets it as it is', async () => {
  const user = await server.user('odd');
  const { host, ports } = await server.running();
  const wire = { host, port: ports.plain, user, password: PASSWORD, folder: server.folder() };
  const named = server.odd.findIndex(({ name }) => name === 'RFC 6532');
  const [wrapped, whole] = [await retrieveRaw(wire), await server.retrieve(user)];
  expect(String(wrapped[named])).toContain('message/global');
  expect(String(whole[named])).toMatch(/^From: Jürgen/);
  const deliver = await server.configure(user);
  expect(await fetchJson(server.folder())).toMatchObject({ outcome: 'ok', fetched: server.odd.length });
  expect((await delivered(deliver)).map(String)).toContain(String(whole[named]).replaceAll('\r\n', '\n'));
});
