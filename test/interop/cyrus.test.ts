import { expect, test } from 'vitest';
import { greetedClient } from '../support/raw-client.ts';
import { served, serverSuite } from './server.suite.ts';
import { cyrus } from './servers/cyrus.ts';
import { PASSWORD } from './servers/kind.ts';

const server = served(cyrus);
serverSuite(cyrus, server);

test('Cyrus says that the mailbox is locked, and lets a second session in', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  await using first = await greetedClient({ host, port: ports.plain });
  await using second = await greetedClient({ host, port: ports.plain });
  expect(await first.logIn(user, PASSWORD)).toMatch(/^\+OK Mailbox locked/);
  expect(await second.logIn(user, PASSWORD)).toMatch(/^\+OK/);
});
