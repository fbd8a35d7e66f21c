import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { authority, certificate } from '../support/certificates.ts';
import { runProgram } from '../support/program.ts';
import { greetedClient, loggedInClient } from '../support/raw-client.ts';
import { served } from '../support/served.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

async function withMail(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  await mkdir(folder.at('drops', 'alice'), { recursive: true });
  for (const part of ['cur', 'new', 'tmp']) await mkdir(folder.at('drops', 'bob', part), { recursive: true });
  await writeFile(folder.at('drops', 'alice', 'one.eml'), 'Subject: one\n\n1\n');
  await writeFile(folder.at('drops', 'bob', 'new', '1700000000.a.host'), 'Subject: two\n\n2\n');
  return folder;
}

describe('mailferry serve', () => {
  it('serves folders and Maildirs, shows new files at the next login, and removes files at QUIT only', async () => {
    await using folder = await withMail();
    const words = ['--maildrops', 'drops', '--user', 'alice:secret', '--user', 'bob:secret'];
    await using server = await served(words, folder.path);
    await using alice = await loggedInClient(server.pop3);
    await using bob = await greetedClient(server.pop3);
    await bob.logIn('bob');
    expect([await alice.command('STAT'), await bob.command('STAT')]).toEqual(['+OK 1 19', '+OK 1 19']);
    const before = await alice.command('UIDL 1');
    await alice.command('DELE 1');
    await writeFile(folder.at('drops', 'alice', 'two.eml'), 'Subject: three\n\n3\n');
    expect(await readdir(folder.at('drops', 'alice'))).toHaveLength(2);
    expect(await alice.command('STAT')).toBe('+OK 0 0');
    await alice.command('QUIT');
    expect(await readdir(folder.at('drops', 'alice'))).toEqual(['two.eml']);
    await using next = await loggedInClient(server.pop3);
    expect(await next.command('STAT')).toBe('+OK 1 21');
    expect(await next.command('UIDL 1')).not.toBe(before);
  });

  it('gives a message the same unique-id after a restart', async () => {
    await using folder = await withMail();
    const ids: string[] = [];
    for (let time = 0; time < 2; time += 1) {
      await using server = await served(['--maildrops', 'drops', '--user', 'alice:secret'], folder.path);
      await using client = await loggedInClient(server.pop3);
      ids.push(await client.command('UIDL 1'));
    }
    expect(ids[0]).toMatch(/^\+OK 1 \S+$/);
    expect(ids[1]).toBe(ids[0]);
  });

  it('takes users from a file, tokens, a personality, and speaks TLS on both listeners', async () => {
    await using folder = await withMail();
    await writeFile(folder.at('users'), '# everybody\nalice:secret with: colons\n\nbob:x\n');
    await writeFile(folder.at('cert.pem'), certificate().cert);
    await writeFile(folder.at('key.pem'), certificate().key);
    const tls = [
      '--tls-listen',
      '127.0.0.1:0',
      '--tls-cert',
      'cert.pem',
      '--tls-key',
      'key.pem',
      '--require-tls',
    ];
    const words = ['--users', 'users', '--token', 'bob:token', '--personality', 'outlook', ...tls];
    await using server = await served(words, folder.path);
    await using plain = await greetedClient(server.pop3);
    expect(await plain.command('USER alice')).toMatch(/^-ERR/);
    await plain.command('STLS');
    await plain.startTls(authority().cert);
    expect(await plain.logIn('alice', 'secret with: colons')).toMatch(/^\+OK User successfully/);
    await using secure = await greetedClient({ ...(server.pop3s ?? server.pop3), ca: authority().cert });
    expect(await secure.command('AUTH XOAUTH2')).toBe('+ ');
    const response = Buffer.from('user=bob\x01auth=Bearer token\x01\x01').toString('base64');
    expect(await secure.command(response)).toMatch(/^\+OK User successfully/);
  });

  it('lets in by a client certificate for the name of a user', async () => {
    await using folder = await withMail();
    for (const [name, text] of [
      ['cert.pem', certificate().cert],
      ['key.pem', certificate().key],
      ['ca.pem', authority().cert],
    ] as const)
      await writeFile(folder.at(name), text);
    const tls = ['--tls-listen', '127.0.0.1:0', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem'];
    const words = ['--user', 'alice:secret', ...tls, '--tls-client-ca', 'ca.pem'];
    await using server = await served(words, folder.path);
    const address = { ...(server.pop3s ?? server.pop3), ca: authority().cert };
    await using alice = await greetedClient({ ...address, own: certificate({ commonName: 'alice' }) });
    expect(await alice.command('AUTH EXTERNAL =')).toMatch(/^\+OK/);
    await using eve = await greetedClient({ ...address, own: certificate({ commonName: 'eve' }) });
    expect(await eve.command('AUTH EXTERNAL =')).toMatch(/^-ERR/);
  });

  it('tells on standard error what is wrong with a maildrop, and not who guesses what', async () => {
    await using folder = await withMail();
    const server = await served(['--maildrops', 'drops', '--user', 'bob:secret'], folder.path);
    await using client = await greetedClient(server.pop3);
    await client.logIn('bob', 'my secret guess');
    await client.logIn('bob');
    await writeFile(folder.at('drops', 'bob', 'new', '1700000000.a.host'), 'changed\n');
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\]/);
    await server[Symbol.asyncDispose]();
    const { status, stderr } = await server.running.ended;
    expect(status).toBe(128 + 15);
    expect(stderr).toMatch(/has changed since the login/);
    expect(stderr).not.toMatch(/secret/);
  });

  it.each([
    ['no user', [], 'No user is given.'],
    ['a user without a password', ['--user', 'alice'], 'is not NAME:PASSWORD.'],
    ['a token without a name', ['--token', ':x'], 'is not NAME:TOKEN.'],
    ['TLS required without a certificate', ['--user', 'a:b', '--require-tls'], 'TLS needs both'],
    [
      'a folder that there is not',
      ['--user', 'eve:x', '--maildrops', 'drops'],
      'There is no folder drops/eve.',
    ],
    ['a name that is a path', ['--user', '../x:x', '--maildrops', 'drops'], 'cannot be a folder'],
    ['a file of users that there is not', ['--users', 'nobody'], '--users cannot be read'],
    ['faults that are no JSON', ['--user', 'a:b', '--faults', 'drops/alice/one.eml'], 'is not JSON'],
  ])('says what is wrong with %s', async (_, words, message) => {
    await using folder = await withMail();
    const { status, stderr } = await runProgram(['serve', '--listen', '127.0.0.1:0', ...words], {
      cwd: folder.path,
    });
    expect(stderr).toContain(message);
    expect(status).toBe(64);
  });
});
