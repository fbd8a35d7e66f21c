import { expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';
import { greetedClient } from '../support/raw-client.ts';
import { served, serverSuite } from './server.suite.ts';
import { PASSWORD } from './servers/kind.ts';
import { tcllib } from './servers/tcllib.ts';

const server = served(tcllib);
serverSuite(tcllib, server);

test('tcllib refuses a second session in words of its own: status 75, "try later"', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  await using client = await greetedClient({ host, port: ports.plain });
  expect(await client.logIn(user, PASSWORD)).toMatch(/^\+OK/);
  await server.configure(user);
  const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: server.folder() });
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'maildrop-busy' } });
  expect(status).toBe(75);
});
