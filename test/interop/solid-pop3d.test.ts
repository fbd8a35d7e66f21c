import { expect, test } from 'vitest';
import { openSession } from '../../src/pop3-client/index.ts';
import { served, serverSuite } from './server.suite.ts';
import { PASSWORD } from './servers/kind.ts';
import { solidPop3d } from './servers/solid-pop3d.ts';

const server = served(solidPop3d);
serverSuite(solidPop3d, server);

test('solid-pop3d loses what comes before its answer to PASS; the client waits for that', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  const session = await openSession({ host, port: ports.plain, tls: 'none', user, password: PASSWORD });
  expect(session.pipelining).toBe(false);
  const [drop, rows, ids] = await Promise.all([session.stat(), session.list(), session.uidl()]);
  await session.quit();
  expect([drop.messages, rows.length, ids?.length]).toEqual([6, 6, 6]);
  expect(ids?.[4]?.uid).toBe(ids?.[5]?.uid);
});
