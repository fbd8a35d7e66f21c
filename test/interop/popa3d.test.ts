import { expect, test } from 'vitest';
import { greetedClient } from '../support/raw-client.ts';
import { served, serverSuite } from './server.suite.ts';
import { PASSWORD } from './servers/kind.ts';
import { popa3d } from './servers/popa3d.ts';

const server = served(popa3d);
serverSuite(popa3d, server);

test('popa3d gives two equal messages one unique-id, and knows no CAPA', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  await using client = await greetedClient({ host, port: ports.plain });
  expect(await client.command('CAPA')).toMatch(/^-ERR/);
  expect(await client.logIn(user, PASSWORD)).toMatch(/^\+OK/);
  const ids = (await client.multiline('UIDL')).split('\r\n').slice(1, -2);
  expect(ids[5]?.split(' ')[1]).toBe(ids[4]?.split(' ')[1]);
});
