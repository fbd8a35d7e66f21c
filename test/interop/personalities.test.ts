import { beforeEach, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { startDovecot } from '../support/dovecot.ts';
import { requirePrograms } from '../support/programs.ts';
import { rawClient } from '../support/raw-client.ts';

/** The included server in the part of Dovecot, beside Dovecot itself. */

beforeEach(requirePrograms('dovecot'));

/** What a server says in a session, line by line, but for what is about its time and its words for numbers. */
async function sayings(address: { host: string; port: number }): Promise<string[]> {
  await using client = await rawClient(address);
  const said = [await client.line(), await client.multiline('CAPA')];
  for (const command of ['XYZZY', 'STAT', 'USER alice', 'PASS secret', 'STAT']) {
    said.push(await client.command(command));
  }
  said.push(await client.multiline('CAPA'));
  for (const command of ['NOOP', 'LIST 1', 'QUIT']) said.push(await client.command(command));
  return said.map((text) => text.replace(/^\+OK Capabilities follow\./, '+OK'));
}

test('the personality of Dovecot says what Dovecot says', async () => {
  const alice = { password: 'secret', messages: [Buffer.from('Subject: x\r\n\r\nx\r\n')] };
  await using dovecot = await startDovecot({ users: { alice } });
  const without = ['APOP', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'];
  await using server = await createServer({ users: { alice }, personality: 'dovecot', without });
  expect(await sayings(server.address)).toEqual(
    await sayings({ host: dovecot.host, port: dovecot.ports.plain }),
  );
});
