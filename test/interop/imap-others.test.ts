import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { runProgram, startProgram, writeConfiguration } from '../support/program.ts';
import { makesFolder } from './folder.ts';
import { fetchJson, sha256, stored } from './judge.ts';
import { courierImap } from './servers/courier.ts';
import { cyrusImap } from './servers/cyrus.ts';
import type { ImapKind, RunningImap } from './servers/imap-kind.ts';
import { PASSWORD } from './servers/kind.ts';

/** The built program appends mail to mailboxes of Courier and Cyrus; what they then give back is compared octet by octet. */

const run = promisify(execFile);
const READ_IMAP = join(import.meta.dirname, '../support/read-imap.py');

const MESSAGES = [
  'Date: Tue, 3 Feb 2015 10:11:12 +0100\r\nMessage-ID: <1@mail.example>\r\nSubject: dots\r\n\r\n.\r\n..\r\n',
  'Subject: no id\r\n\r\nFrom here\r\n>From there\r\n',
  'Message-ID: <2@mail.example>\r\nSubject: bare LF\r\n\r\none\ntwo\n\r\n',
  'Message-ID: <3@mail.example>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\ngr\u00fc\u00dfe\r\n\r\n\r\n',
  `Message-ID: <4@mail.example>\r\nSubject: large\r\n\r\n${`${'x'.repeat(500)}\r\n`.repeat(10_000)}`,
  'Subject: encoded words\r\nMessage-ID: <=?utf-8?q?gr=C3=BC?=@mail.example>\r\n\r\n1\r\n',
  'Subject: one of them\r\nMessage-ID: =?utf-8?q?=3Cenc=40mail.example=3E?=\r\n\r\n2\r\n',
].map((text) => Buffer.from(text));

const UNENCODED = Buffer.from('Message-ID: <5@mail.example>\r\nSubject: gr\u00fc\u00dfe\r\n\r\nraw\r\n');

/** So many that a kill or a cut falls among them. */
const MANY = Array.from({ length: 60 }, (_, index) =>
  Buffer.from(
    `Message-ID: <${index}@mail.example>\r\nSubject: ${index}\r\n\r\n${'x'.repeat(index * 300)}\r\n`,
  ),
);

const KINDS: readonly (readonly [string, ImapKind])[] = [courierImap, cyrusImap].map((kind) => [
  kind.title,
  kind,
]);

const USERS = Array.from({ length: 10 }, (_, index) => `bob${index}`);

const wanted = (messages: readonly Buffer[]): string[] => messages.map(stored).map(sha256).sort();

let folder: string;
beforeEach(makesFolder((path) => (folder = path)));

function startPop3(messages: readonly Buffer[]): ReturnType<typeof createServer> {
  return createServer({ users: { alice: { password: 'secret', messages } } });
}

describe.each(KINDS)('the IMAP server of %s', (_, kind) => {
  let started: Promise<RunningImap> | undefined;
  const users = [...USERS];

  beforeEach(kind.require);
  afterAll(async () => (await started)?.[Symbol.asyncDispose]());

  /** The server, and a user of it whom no other test has. */
  const server = async (): Promise<{ running: RunningImap; user: string }> => {
    started ??= kind.start(USERS);
    const user = users.shift();
    if (user === undefined) throw new Error('More tests than users.');
    return { running: await started, user };
  };

  const configure = async (
    account: object,
    { running, user }: { running: RunningImap; user: string },
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<void> => {
    const { host, ports } = running;
    const port = changes['tls'] === 'implicit' ? ports.tls : ports.plain;
    const deliver = { type: 'imap', host, port, tls: 'none', user, password: PASSWORD, ...changes };
    await writeConfiguration(folder, { ...account, deliver });
  };

  /** What is in a mailbox, in no order. */
  const mailOf = async (
    { running, user }: { running: RunningImap; user: string },
    mailbox = 'INBOX',
  ): Promise<string[]> => {
    const messages = await mkdtemp(join(folder, 'read-'));
    const { host, ports } = running;
    await run('python3', [READ_IMAP, host, String(ports.plain), user, PASSWORD, mailbox, messages]);
    const files = await readdir(messages);
    return (await Promise.all(files.map((name) => readFile(join(messages, name)))))
      .map(stored)
      .map(sha256)
      .sort();
  };

  /** How many messages there are, in the mailboxes of all users. */
  const countMail = async ({ running }: { running: RunningImap }): Promise<number> => {
    const names = await readdir(running.root.at(kind.spool.folder), { recursive: true });
    return names.filter((name) => kind.spool.file.test(basename(name))).length;
  };

  test.each(kind.tls)(
    'has each message over tls: %s, and only then it leaves the POP3 server',
    async (tls) => {
      const at = await server();
      await using pop3 = await startPop3(MESSAGES);
      await configure(pop3.address, at, { tls, caFile: './ca.pem' });
      expect(await fetchJson(folder)).toMatchObject({ fetched: MESSAGES.length, deleted: MESSAGES.length });
      expect(await mailOf(at)).toEqual(wanted(MESSAGES));
      expect(pop3.maildrop('alice').messages).toEqual([]);
    },
  );

  test('gets a mailbox that it does not have yet, below another, with a name in any language', async () => {
    const at = await server();
    await using pop3 = await startPop3(MESSAGES);
    await configure(pop3.address, at, { mailbox: 'Archiv/Gr\u00fc\u00dfe & K\u00fcsse' });
    await fetchJson(folder);
    expect(await mailOf(at, kind.named(['Archiv', 'Gr\u00fc\u00dfe & K\u00fcsse']))).toEqual(
      wanted(MESSAGES),
    );
  });

  test('I9: says which mailbox it cannot make, and all mail stays where it is', async () => {
    const at = await server();
    await using pop3 = await startPop3(MESSAGES);
    await configure(pop3.address, at, { mailbox: kind.impossible });
    const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder });
    expect(status).toBe(73);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'destination-unusable',
        message: expect.stringMatching(
          /has no mailbox .*, and does not make it, saying "Invalid mailbox name/,
        ),
      },
    });
    expect(pop3.maildrop('alice').messages).toHaveLength(MESSAGES.length);
  });

  test('I9: is offered the same mail again and again while it is full, and gets it when there is room', async () => {
    const at = await server();
    await using pop3 = await startPop3(MANY.slice(20, 30));
    await configure(pop3.address, at);
    expect(await mailOf(at)).toEqual([]);
    await kind.limit(at.running, at.user, 12);
    for (let poll = 1; poll <= 6; poll += 1) {
      const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder });
      expect(status).toBeOneOf([65, 75]);
      expect(JSON.parse(stdout)).toMatchObject({ quarantined: 0, error: { code: 'destination-locked' } });
    }
    await kind.limit(at.running, at.user, 1000);
    expect(await fetchJson(folder)).toMatchObject({ outcome: 'ok' });
    expect(await mailOf(at)).toEqual(wanted(MANY.slice(20, 30)));
  });

  test('I3: has everything once after kills', async () => {
    const at = await server();
    await using pop3 = await startPop3(MANY);
    await configure(pop3.address, at);
    const before = await countMail(at);
    for (const count of [1, 15, 30, 45]) {
      const { process, ended } = startProgram(['fetch'], { cwd: folder });
      await vi.waitUntil(async () => (await countMail(at)) >= before + count, {
        timeout: 20_000,
        interval: 1,
      });
      process.kill('SIGKILL');
      await ended;
    }
    expect(await runProgram(['fetch'], { cwd: folder })).toMatchObject({ status: 0 });
    expect(await mailOf(at)).toEqual(wanted(MANY));
    expect(pop3.maildrop('alice').messages).toEqual([]);
  });

  test('I3: has everything once after lines that were cut', async () => {
    const at = await server();
    await using pop3 = await startPop3(MANY);
    for (const afterOctets of [1200, 2000, 3000, 4000]) {
      await using proxy = await cuttingProxy({
        host: '127.0.0.1',
        port: at.running.ports.plain,
        afterOctets,
      });
      await configure(pop3.address, at, { port: proxy.port });
      expect((await runProgram(['fetch'], { cwd: folder })).status).toBe(75);
    }
    await configure(pop3.address, at);
    expect(await runProgram(['fetch'], { cwd: folder })).toMatchObject({ status: 0 });
    expect(await mailOf(at)).toEqual(wanted(MANY));
  });

  test('I8: has nothing twice after the ledger was lost, as far as Message-IDs tell', async () => {
    const at = await server();
    await using pop3 = await startPop3(MESSAGES);
    await configure({ ...pop3.address, delete: 'never' }, at);
    await fetchJson(folder);
    await rm(join(folder, 'state'), { recursive: true });
    expect(await runProgram(['fetch'], { cwd: folder })).toMatchObject({ status: 0 });
    const withoutId = MESSAGES.filter((message) => !message.includes('Message-ID'));
    expect(await mailOf(at)).toEqual(wanted([...MESSAGES, ...withoutId]));
  });

  test(`${kind.unencoded === 'kept' ? 'keeps' : 'changes'} 8-bit octets in a header`, async () => {
    const at = await server();
    await using pop3 = await startPop3([UNENCODED]);
    await configure(pop3.address, at);
    await fetchJson(folder);
    const changed = Buffer.from(UNENCODED.toString('latin1').replaceAll(/[^\0-\x7f]/g, 'X'), 'latin1');
    expect(await mailOf(at)).toEqual(wanted([kind.unencoded === 'kept' ? UNENCODED : changed]));
  });
});
