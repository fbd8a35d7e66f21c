import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { App, type Configuration, loadConfiguration } from '../src/index.ts';
import { createServer, type Pop3Server } from '../src/pop3-server/index.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** The configuration of a program with one account, which leaves all its mail on the server. */
async function configurationOf(server: Pop3Server, path: string): Promise<Configuration> {
  const deliver = { type: 'maildir', path: './Mail' };
  const home = {
    ...server.address,
    tls: 'none',
    user: 'alice',
    password: 'secret',
    deliver,
    delete: 'never',
  };
  await writeFile(path, JSON.stringify({ stateDir: './state', accounts: { home } }), { mode: 0o600 });
  return loadConfiguration({ path });
}

const users = { alice: { password: 'secret', messages: ['Subject: hello\r\n\r\n'] } };

test('a program polls with a configuration alone: time, environment and signals are those of its process', async () => {
  await using server = await createServer({ users });
  await using folder = await temporaryFolder();
  const configuration = await configurationOf(server, folder.at('mailferry.json'));
  using app = await App.open({ configuration });
  const [account] = configuration.accounts;
  if (account === undefined) throw new Error('the account is missing');
  expect((await app.preview(account)).account).toBe('home');
  expect(await app.poll([account])).toMatchObject([{ outcome: 'ok', fetched: 1, error: null }]);
  expect(await app.pollOne(account)).toMatchObject({ outcome: 'ok', fetched: 0, error: null });
});

test('the ledger is free again once a program has closed it, however often', async () => {
  await using server = await createServer({ users });
  await using folder = await temporaryFolder();
  const configuration = await configurationOf(server, folder.at('mailferry.json'));
  const app = await App.open({ configuration });
  await expect(App.open({ configuration })).rejects.toMatchObject({ code: 'already-running' });
  app.close();
  app.close();
  using next = await App.open({ configuration });
  expect(await next.poll(configuration.accounts)).toMatchObject([{ fetched: 1 }]);
});
