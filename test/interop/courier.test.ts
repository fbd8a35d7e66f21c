import { expect, test } from 'vitest';
import { openSession } from '../../src/pop3-client/index.ts';
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
