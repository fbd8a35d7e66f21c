import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Pop3Server } from '../../src/pop3-server/index.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { mailOf, requireImap, startImap, startPop3, toBob, wanted } from './imap-mail.ts';

/** The built program looks again at what it has appended to a mailbox of a real Dovecot. */

const MESSAGES = [1, 2, 3].map((number) =>
  Buffer.from(`Message-ID: <${number}@mail.example>\r\nSubject: ${number}\r\n\r\n${number}\r\n`),
);
const POLLING = { timeout: 60_000 };

/** A mailbox that may vanish without the whole account. */
const MAILBOX = 'Archive';

beforeEach(requirePrograms('dovecot'));
beforeEach(requireImap);

interface Appended extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly dovecot: Dovecot;
  readonly server: Pop3Server;
  /** Where Dovecot has the mailbox. */
  readonly mailbox: string;
}

/** All mail was appended, and stays on the POP3 server for a second. */
async function appended(messages: readonly Buffer[] = MESSAGES): Promise<Appended> {
  const folder = await temporaryFolder();
  const dovecot = await startImap();
  const server = await startPop3(messages);
  const deliver = { ...toBob(dovecot.ports.imap), mailbox: MAILBOX };
  await writeConfiguration(folder.path, { ...server.address, deliver, delete: { after: '1s' } });
  expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
  return {
    folder,
    dovecot,
    server,
    mailbox: join(dovecot.maildropFolder('bob'), `.${MAILBOX}`),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await dovecot[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const left = ({ server }: Appended): number => server.maildrop('alice').messages.length;

/** Polls until the POP3 server has so many left. */
async function pollUntil(kept: Appended, count: number): Promise<void> {
  const poll = async (): Promise<number> => {
    await runProgram(['fetch'], { cwd: kept.folder.path });
    return left(kept);
  };
  await expect.poll(poll, POLLING).toBe(count);
}

/** Polls until that is said of one. */
async function pollUntilTold(kept: Appended, words: string): Promise<void> {
  const poll = async (): Promise<string> => (await runProgram(['fetch'], { cwd: kept.folder.path })).stderr;
  await expect.poll(poll, POLLING).toContain(words);
}

/** What Dovecot has of a message, by what is in it. */
async function fileWith(kept: Appended, text: string): Promise<string> {
  for (const state of ['new', 'cur'])
    for (const name of await readdir(join(kept.mailbox, state))) {
      const path = join(kept.mailbox, state, name);
      if ((await readFile(path, 'utf8')).includes(text)) return path;
    }
  throw new Error(`no message with ${text}`);
}

describe('a mailbox over IMAP', () => {
  test('I1: is looked at before a late deletion: what was moved away counts as handed over, what has changed stays on the server', async () => {
    await using kept = await appended();
    await rm(await fileWith(kept, 'Subject: 1'));
    const path = await fileWith(kept, 'Subject: 2');
    await writeFile(path, 'Message-ID: <2@mail.example>\nSubject: 2\n\nX\n');
    await pollUntil(kept, 1);
    expect(await runProgram(['fetch'], { cwd: kept.folder.path })).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(
        /\d+:2 in imap:Archive of bob at .* is not what was delivered any more\..*say compare: false at/s,
      ),
    });
    const { status, stdout } = await runProgram(['verify'], { cwd: kept.folder.path });
    expect(status).toBe(65);
    expect(stdout).toMatch(
      /^me: 1 message in imap:.* as delivered\n {2}1 message changed.*\n {2}1 message not there/s,
    );
  });

  test('I1: that is gone keeps all mail on the server, and has it once more after refetch', async () => {
    await using kept = await appended();
    await rm(kept.mailbox, { recursive: true });
    await pollUntilTold(kept, 'mailferry refetch me');
    expect(left(kept)).toBe(MESSAGES.length);
    const { stdout } = await runProgram(['refetch', 'me'], { cwd: kept.folder.path });
    expect(stdout).toContain('me: 3 messages that the server still had when it was last asked come to imap:');
    await pollUntil(kept, 0);
    expect(await mailOf(kept.dovecot, `.${MAILBOX}`)).toEqual(wanted(MESSAGES));
    expect(await runProgram(['verify'], { cwd: kept.folder.path })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('me: 3 messages in imap:'),
    });
  });

  test('I1: that was put back as it was before keeps what came since on the server', async () => {
    await using kept = await appended(MESSAGES.slice(0, 2));
    const backup = join(kept.folder.path, 'backup');
    execFileSync('cp', ['-a', kept.mailbox, backup]);
    kept.server.maildrop('alice').add(MESSAGES[2] as Buffer);
    await runProgram(['fetch'], { cwd: kept.folder.path });
    await rm(kept.mailbox, { recursive: true });
    execFileSync('cp', ['-a', backup, kept.mailbox]);
    await pollUntilTold(kept, 'mailferry refetch me');
    expect(kept.server.maildrop('alice').messages).toContainEqual(MESSAGES[2]);
    await runProgram(['refetch', 'me'], { cwd: kept.folder.path });
    await pollUntil(kept, 0);
    expect(await mailOf(kept.dovecot, `.${MAILBOX}`)).toEqual(wanted(MESSAGES));
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['is cut', (path) => truncate(path, 20)],
    ['cannot be read', (path) => chmod(path, 0)],
  ])('I9: in which a message %s, so that Dovecot hangs up, is looked at all the same', async (_, spoil) => {
    await using kept = await appended();
    await spoil(await fileWith(kept, 'Subject: 2'));
    await pollUntil(kept, 1);
    expect(await runProgram(['verify'], { cwd: kept.folder.path })).toMatchObject({
      status: 65,
      stdout: expect.stringMatching(
        /2 messages in .* as delivered\n.*1 message that cannot be read.*\n.*:2 <2@mail\.example>/,
      ),
    });
  });

  test('I9: that cannot be asked keeps all mail on the server', async () => {
    await using kept = await appended();
    await kept.dovecot[Symbol.asyncDispose]();
    await expect
      .poll(async () => (await runProgram(['fetch'], { cwd: kept.folder.path })).status, POLLING)
      .toBe(75);
    expect(left(kept)).toBe(MESSAGES.length);
    expect(await runProgram(['verify'], { cwd: kept.folder.path })).toMatchObject({ status: 75 });
  });

  test('gives what had bare LFs back as it was appended', async () => {
    await using kept = await appended([Buffer.from('Subject: bare\n\none\ntwo\r\n.\nthree\r\n')]);
    await pollUntil(kept, 0);
    expect(await runProgram(['verify'], { cwd: kept.folder.path })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('me: 1 message in imap:'),
    });
  });
});
