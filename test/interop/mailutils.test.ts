import { expect, test } from 'vitest';
import { greetedClient } from '../support/raw-client.ts';
import { fetchJson } from './judge.ts';
import { served, serverSuite } from './server.suite.ts';
import { PASSWORD } from './servers/kind.ts';
import { mailutils } from './servers/mailutils.ts';

const server = served(mailutils);
serverSuite(mailutils, server);

test('Mailutils announces EXPIRENEVER in one word, and changes sizes between sessions; nothing is fetched twice', async () => {
  const user = await server.user('few');
  const { host, ports } = await server.running();
  await using client = await greetedClient({ host, port: ports.plain });
  expect(await client.multiline('CAPA')).toContain('\r\nEXPIRENEVER\r\n');
  await server.configure(user, { delete: 'never' });
  const sizes = async (): Promise<string> => {
    await using other = await greetedClient({ host, port: ports.plain });
    expect(await other.logIn(user, PASSWORD)).toMatch(/^\+OK/);
    const listing = await other.multiline('LIST');
    await other.command('QUIT');
    return listing;
  };
  const before = await sizes();
  expect(await fetchJson(server.folder())).toMatchObject({ fetched: 6, kept: 6 });
  expect(await sizes()).not.toBe(before);
  expect(await fetchJson(server.folder())).toMatchObject({ fetched: 0, kept: 6 });
});
