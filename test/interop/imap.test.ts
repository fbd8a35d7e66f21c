import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { runProgram, startProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { signedToken } from '../support/token.ts';
import { mailOf, requireImap, startImap, startPop3, toBob, wanted } from './imap-mail.ts';
import { fetchJson, report } from './judge.ts';

/** The built program appends mail to mailboxes of a real Dovecot; what that has stored is compared octet by octet. */

const MESSAGES = [
  'Received: from a by b; Tue, 3 Feb 2015 10:11:12 +0100\r\nMessage-ID: <1@mail.example>\r\nSubject: dots\r\n\r\n.\r\n..\r\n',
  'Date: Wed, 4 Feb 2015 10:11:12 +0100\r\nSubject: no id\r\n\r\nFrom here\r\n>From there\r\n',
  'Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <2@mail.example>\r\n\r\ngr\u00fc\u00dfe\r\n\r\n\r\n',
  `Subject: large\r\nMessage-ID: <3@mail.example>\r\n\r\n${`${'x'.repeat(500)}\r\n`.repeat(4000)}`,
  'Subject: encoded words\r\nMessage-ID: <=?utf-8?q?gr=C3=BC?=@mail.example>\r\n\r\n1\r\n',
  'Subject: one of them\r\nMessage-ID: =?iso-8859-1?B?PGVuY0BtYWlsLmV4YW1wbGU+?=\r\n\r\n2\r\n',
].map((text) => Buffer.from(text));

const TOKEN_SECRET = 'only the test knows this';

beforeEach(requirePrograms('dovecot'));
beforeEach(requireImap);

/** So many that a kill or a cut falls among them. */
const MANY = Array.from({ length: 60 }, (_, index) =>
  Buffer.from(
    `Message-ID: <${index}@mail.example>\r\nSubject: ${index}\r\n\r\n${'x'.repeat(index * 300)}\r\n`,
  ),
);

describe('the IMAP server of Dovecot', () => {
  test.each(['none', 'starttls', 'implicit'])(
    'has each message octet for octet over tls: %s, and only then it leaves the POP3 server',
    async (tls) => {
      await using folder = await temporaryFolder();
      await using dovecot = await startImap({ tls: certificate() });
      await using server = await startPop3(MESSAGES);
      await writeFile(folder.at('ca.pem'), authority().cert);
      const port = tls === 'implicit' ? dovecot.ports.imapTls : dovecot.ports.imap;
      const deliver = { ...toBob(port), tls, caFile: './ca.pem' };
      await writeConfiguration(folder.path, { ...server.address, deliver });
      const { length } = MESSAGES;
      const bytes = MESSAGES.reduce((sum, message) => sum + message.length, 0);
      expect(await fetchJson(folder.path)).toEqual(
        report({ listed: length, fetched: length, bytes, deleted: length }),
      );
      expect(await mailOf(dovecot)).toEqual(wanted(MESSAGES));
      expect(server.maildrop('alice').messages).toEqual([]);
    },
  );

  test('shows each message unread, with the date at which it came', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MESSAGES.slice(0, 2));
    await writeConfiguration(folder.path, { ...server.address, deliver: toBob(dovecot.ports.imap) });
    await fetchJson(folder.path);
    const inbox = join(dovecot.maildropFolder('bob'), 'new');
    const dates = await Promise.all(
      (await readdir(inbox)).map(async (name) => (await stat(join(inbox, name))).mtime),
    );
    expect(dates.map((date) => date.toISOString()).sort()).toEqual([
      '2015-02-03T09:11:12.000Z',
      '2015-02-04T09:11:12.000Z',
    ]);
  });

  test('gets a mailbox that it does not have yet, below another', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MESSAGES);
    const deliver = { ...toBob(dovecot.ports.imap), mailbox: 'Archiv/Grüße' };
    await writeConfiguration(folder.path, { ...server.address, deliver });
    await fetchJson(folder.path);
    expect(await mailOf(dovecot, '.Archiv.Gr&APwA3w-e')).toEqual(wanted(MESSAGES));
  });

  test('takes an access token', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap({
      mechanisms: ['xoauth2', 'oauthbearer', 'plain'],
      tokenSecret: TOKEN_SECRET,
    });
    await using server = await startPop3(MESSAGES);
    const deliver = {
      ...toBob(dovecot.ports.imap),
      auth: 'oauth2',
      password: signedToken('bob', TOKEN_SECRET),
    };
    await writeConfiguration(folder.path, { ...server.address, deliver });
    await fetchJson(folder.path);
    expect(await mailOf(dovecot)).toEqual(wanted(MESSAGES));
  });

  test('I5, I9: refuses a wrong password, which no word shows, and all mail stays where it is', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MESSAGES);
    const deliver = { ...toBob(dovecot.ports.imap), password: 'hunter2' };
    await writeConfiguration(folder.path, { ...server.address, deliver });
    const { status, stdout, stderr } = await runProgram(['fetch', '--json', '--log-level', 'trace'], {
      cwd: folder.path,
    });
    expect(status).toBe(73);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'destination-unusable',
        message: expect.stringMatching(
          /^The IMAP server 127\.0\.0\.1:\d+ refuses the login of bob, saying "/,
        ),
      },
    });
    expect(stdout + stderr).not.toContain('hunter2');
    expect(server.maildrop('alice').messages).toHaveLength(MESSAGES.length);
  });

  test('is tried by doctor, with the login, and gets nothing', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MESSAGES);
    const doctor = async (changes: object): Promise<string> => {
      const deliver = { ...toBob(dovecot.ports.imap), ...changes };
      await writeConfiguration(folder.path, { ...server.address, deliver });
      return (await runProgram(['doctor'], { cwd: folder.path })).stdout;
    };
    expect(await doctor({})).toMatch(/✓ destination +imap:INBOX of bob at .*: the server takes the login/);
    expect(await doctor({})).not.toContain('will be made');
    expect(await doctor({ mailbox: 'Old' })).toMatch(
      /takes the login; the mailbox is not there yet, and will be made/,
    );
    expect(await doctor({ password: 'wrong' })).toMatch(/✗ destination +.* refuses the login of bob/);
    expect(await mailOf(dovecot)).toEqual([]);
  });

  test('is not asked by check, which tells of its file of certificates where that cannot be used', async () => {
    await using folder = await temporaryFolder();
    await using server = await startPop3([]);
    await writeFile(folder.at('no.pem'), 'nothing');
    const check = async (caFile: string): Promise<string> => {
      const deliver = { ...toBob(1), tls: 'implicit', caFile };
      await writeConfiguration(folder.path, { ...server.address, deliver });
      const { status, stdout, stderr } = await runProgram(['check'], { cwd: folder.path });
      return `${status} ${stdout}${stderr}`;
    };
    expect(await check('./missing.pem')).toMatch(/^78 .*missing\.pem cannot be used: there is no such file/s);
    expect(await check('./no.pem')).toMatch(
      /^78 .*no\.pem cannot be used: it is no certificate in PEM form/s,
    );
  });

  test('I3: has everything once after kills', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MANY);
    await writeConfiguration(folder.path, { ...server.address, deliver: toBob(dovecot.ports.imap) });
    const inbox = join(dovecot.maildropFolder('bob'), 'new');
    for (const count of [1, 15, 30, 45]) {
      const { process, ended } = startProgram(['fetch'], { cwd: folder.path });
      await vi.waitUntil(async () => (await readdir(inbox)).length >= count, {
        timeout: 20_000,
        interval: 1,
      });
      process.kill('SIGKILL');
      await ended;
    }
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    expect(await mailOf(dovecot)).toEqual(wanted(MANY));
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  test('I3: has everything once after lines that were cut', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MANY);
    const statuses = new Set<number | null>();
    for (const afterOctets of [1200, 1500, 2000, 2600]) {
      await using proxy = await cuttingProxy({ host: '127.0.0.1', port: dovecot.ports.imap, afterOctets });
      await writeConfiguration(folder.path, { ...server.address, deliver: toBob(proxy.port) });
      statuses.add((await runProgram(['fetch'], { cwd: folder.path })).status);
    }
    await writeConfiguration(folder.path, { ...server.address, deliver: toBob(dovecot.ports.imap) });
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    expect([...statuses]).toEqual([75]);
    expect(await mailOf(dovecot)).toEqual(wanted(MANY));
  });

  test('I8: has nothing twice after the ledger was lost, as far as Message-IDs tell', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MESSAGES);
    const account = { ...server.address, deliver: toBob(dovecot.ports.imap), delete: 'never' };
    await writeConfiguration(folder.path, account);
    await fetchJson(folder.path);
    await rm(folder.at('state'), { recursive: true });
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    const withoutId = MESSAGES.filter((message) => !message.includes('Message-ID'));
    expect(await mailOf(dovecot)).toEqual(wanted([...MESSAGES, ...withoutId]));
  });

  test('I8: has nothing twice after the ledger was lost, where it takes several polls to find that out', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    await using server = await startPop3(MANY);
    const account = { ...server.address, deliver: toBob(dovecot.ports.imap), delete: 'never' };
    await writeConfiguration(folder.path, account);
    await fetchJson(folder.path);
    await rm(folder.at('state'), { recursive: true });
    await writeConfiguration(folder.path, { ...account, limits: { messagesPerPoll: 25 } });
    for (const skipped of [35, 10, 0]) expect(await fetchJson(folder.path)).toMatchObject({ skipped });
    expect(await mailOf(dovecot)).toEqual(wanted(MANY));
  });

  test('I1: keeps two equal messages apart after a kill', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    const twins = MANY.slice(0, 20).flatMap((message) => [message, message]);
    await using server = await startPop3(twins);
    await writeConfiguration(folder.path, { ...server.address, deliver: toBob(dovecot.ports.imap) });
    const inbox = join(dovecot.maildropFolder('bob'), 'new');
    const { process, ended } = startProgram(['fetch'], { cwd: folder.path });
    await vi.waitUntil(async () => (await readdir(inbox)).length >= 9, { timeout: 20_000, interval: 1 });
    process.kill('SIGKILL');
    await ended;
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    expect(await mailOf(dovecot)).toEqual(wanted(twins));
  });

  test('I1: has the equal messages of several accounts, that of each', async () => {
    await using folder = await temporaryFolder();
    await using dovecot = await startImap();
    const others = ['carol', 'dave'];
    const one = { password: 'secret', messages: MANY };
    await using server = await createServer({ users: { alice: one, carol: one, dave: one } });
    const account = { ...server.address, deliver: toBob(dovecot.ports.imap) };
    await writeConfiguration(
      folder.path,
      account,
      Object.fromEntries(others.map((user) => [user, { ...account, user }])),
    );
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    expect(await mailOf(dovecot)).toEqual(wanted([...MANY, ...MANY, ...MANY]));
    expect(['alice', ...others].map((user) => server.maildrop(user).messages.length)).toEqual([0, 0, 0]);
  });
});
