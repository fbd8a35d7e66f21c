import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { requirePrograms } from '../support/programs.ts';
import { FETCHERS } from './clients/fetchers.ts';
import type { ClientKind, ClientTask } from './clients/kind.ts';
import { makesFolder } from './folder.ts';
import { stored } from './judge.ts';

/** Fetchers that others wrote, against the included server. */

const run = promisify(execFile);

/** What every fetcher brings unchanged; what else they do to mail is theirs. */
const MESSAGES = [
  'From: a@mail.example\r\nSubject: dots\r\nMessage-ID: <1@mail.example>\r\n\r\n.\r\n..\r\n.a\r\nend\r\n',
  'From: b@mail.example\r\nSubject: From\r\nMessage-ID: <2@mail.example>\r\n\r\nabc\r\n\r\n>From y\r\n',
  `From: c@mail.example\r\nSubject: lines\r\nMessage-ID: <3@mail.example>\r\n\r\n${'x'.repeat(900)}\r\n`,
  `From: d@mail.example\r\nSubject: long\r\nMessage-ID: <4@mail.example>\r\n\r\n${'line of text\r\n'.repeat(20_000)}`,
  'From: e@mail.example\r\nSubject: 8-bit\r\nMessage-ID: <5@mail.example>\r\n\r\n\xe4\xf6\xfc\xff\r\n',
  'From: f@mail.example\r\nSubject: empty\r\nMessage-ID: <6@mail.example>\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

describe.each(FETCHERS.map((client) => [client.title, client] as const))('%s', (_, client) => {
  let folder: string;
  const commands: string[] = [];
  const replies: string[] = [];

  beforeEach(requirePrograms(client.program, 'openssl'));
  beforeEach(makesFolder((path) => (folder = path)));
  beforeEach(async () => {
    await chmod(folder, 0o777);
    commands.length = 0;
    replies.length = 0;
  });
  function serve(): Promise<Pop3Server> {
    return createServer({
      users: { alice: { password: 'secret', messages: MESSAGES } },
      tls: certificate(),
      tlsPort: 0,
      observe: (event) => {
        if (event.kind === 'command') commands.push(event.line);
        if (event.kind === 'reply') replies.push(event.line);
      },
    });
  }

  test.each(client.tls)(
    'fetches every message as it is and takes it off the server (TLS: %s)',
    async (tls) => {
      await using server = await serve();
      await fetchWith(client, server, { folder, tls });
      expect(await contents(client, folder)).toEqual(MESSAGES.map(stored).map(String).sort());
      expect(server.maildrop('alice').messages).toEqual([]);
      expect(commands.at(-1)).toBe('QUIT');
      expect(commands.includes('STLS')).toBe(tls === 'starttls');
    },
  );

  test('leaves the mail there when told so, and fetches only what is new', async () => {
    await using server = await serve();
    await fetchWith(client, server, { folder, keep: true });
    const more = Buffer.from(
      'From: g@mail.example\r\nSubject: new\r\nMessage-ID: <7@mail.example>\r\n\r\nnew\r\n',
    );
    server.maildrop('alice').add(more);
    commands.length = 0;
    await fetchWith(client, server, { folder, keep: true });
    expect(commands.filter((line) => /^(RETR|TOP) /.test(line))).toHaveLength(1);
    const all = [...MESSAGES, more].map(stored).map(String).sort();
    expect(await contents(client, folder)).toEqual(all);
    expect(server.maildrop('alice').messages).toHaveLength(MESSAGES.length + 1);
  });

  if (client.mechanisms.length > 0) {
    test.each(client.mechanisms)('logs in with %s', async (auth, command) => {
      await using server = await serve();
      await fetchWith(client, server, { folder, auth, tls: 'implicit' });
      expect(commands.find((line) => /^(USER|APOP|AUTH \S)/.test(line))).toMatch(
        new RegExp(`^${command}( |$)`),
      );
      expect(await client.delivered(folder)).toHaveLength(MESSAGES.length);
    });
  }

  test('is refused with a wrong password, and the mail stays', async () => {
    await using server = await serve();
    // Not all of them end with a status that says so.
    await fetchWith(client, server, { folder, password: 'wrong' }).catch(() => undefined);
    expect(replies.join()).toContain('-ERR [AUTH]');
    expect(await client.delivered(folder)).toEqual([]);
    expect(server.maildrop('alice').messages).toHaveLength(MESSAGES.length);
  });
});

async function fetchWith(
  client: ClientKind,
  server: Pop3Server,
  options: Partial<ClientTask> & { readonly folder: string },
): Promise<void> {
  const { tls = 'none' } = options;
  const { port } = tls === 'implicit' ? (server.tlsAddress ?? server.address) : server.address;
  const [program = '', ...words] = await client.prepare({
    host: 'localhost',
    port,
    tls,
    caFile: join(options.folder, 'ca.pem'),
    user: 'alice',
    password: 'secret',
    auth: undefined,
    keep: false,
    ...options,
  });
  const env = { PATH: process.env['PATH'], HOME: options.folder, LC_ALL: 'C', USER: 'root' };
  await run(program, words, { env, timeout: 120_000 });
}

async function contents(client: ClientKind, folder: string): Promise<string[]> {
  const messages = await client.delivered(folder);
  return messages.map((message) => message.toString().replace(client.without ?? /(?!)/, '')).sort();
}
