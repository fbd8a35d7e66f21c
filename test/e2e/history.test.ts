import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function mail(name: string): string {
  return `From: ${name} <${name}@example.org>\r\nMessage-ID: <${name}@mail.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from ${name}\r\n\r\n${name}\r\n`;
}

function hash(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

/** As an mbox has it. */
function stored(message: string): string {
  return message.replaceAll('\r\n', '\n').replace('\nFrom me', '\n>From me');
}

const users = { alice: { password: 'secret', messages: ['ada', 'bob', 'cleo'].map(mail) } };

const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

describe('mailferry history', () => {
  beforeEach(requirePrograms('python3'));

  it('shows what was carried, newest first, from the stored messages, also while the ledger is in use', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const deliver = [
      { type: 'mbox', path: './box' },
      { type: 'maildir', path: './Mail' },
    ];
    await writeConfiguration(folder.path, { port: server.address.port, deliver });
    const here = { cwd: folder.path };
    await runProgram(['fetch'], here);
    const owner = await SqliteLedger.open(folder.at('state'));
    const all = await runProgram(['history'], here);
    owner.close();
    expect({ status: all.status, stderr: all.stderr }).toEqual({ status: 0, stderr: '' });
    const lines = all.stdout.trimEnd().split('\n');
    expect(lines.map((line) => /Grüße from \w+$/.exec(line)?.[0])).toEqual([
      'Grüße from cleo',
      'Grüße from bob',
      'Grüße from ada',
    ]);
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d - me +\d+ B "?cleo"? <cleo@example\.org/);

    // At a terminal it says what the signs mean; elsewhere programs read it.
    const seen = await runProgram(['history'], { ...here, under: ['python3', '-c', IN_TERMINAL] });
    expect(seen.stdout).toContain('(-: deleted on the server)');

    const rows = async (...words: string[]): Promise<number> => {
      const { stdout } = await runProgram(['history', '--json', ...words], here);
      return stdout.split('\n').length - 1;
    };
    expect(await rows('--from', 'BOB')).toBe(1);
    expect(await rows('--subject', 'grüße')).toBe(3);
    expect(await rows('--message', 'ada@mail')).toBe(1);
    expect(await rows('--since', '1h')).toBe(3);
    expect(await rows('--until', '2000-01-01')).toBe(0);
    expect(await rows('--limit', '2')).toBe(2);
    const [first = ''] = (await runProgram(['history', '--json', 'me'], here)).stdout.split('\n');
    expect(JSON.parse(first)).toMatchObject({
      account: 'me',
      outcome: 'delivered',
      messageId: '<cleo@mail.example>',
      subject: 'Grüße from cleo',
      places: [{ destination: expect.stringMatching(/^(?:mbox|maildir):/) }, {}],
      deliveredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      missingAt: null,
      goneAt: expect.stringMatching(/Z$/),
    });
  });

  it('gives the hash of what each file and each message of an mbox must be, and finds what a mail program has moved', async () => {
    await using folder = await temporaryFolder();
    const messages = ['one', 'two'].map(
      (name) => `Message-ID: <${name}@x>\r\nSubject: ${name}\r\n\r\nFrom me\r\n`,
    );
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    const deliver = [
      { type: 'maildir', path: 'crlf', lineEndings: 'as-received' },
      { type: 'maildir', path: 'lf' },
      { type: 'mbox', path: 'mbox' },
    ];
    await writeConfiguration(folder.path, { port: server.address.port, deliver });
    const here = { cwd: folder.path };
    await runProgram(['fetch'], here);
    const { stdout } = await runProgram(['history', '--json'], here);
    const rows = stdout.trimEnd().split('\n').toReversed();
    expect(rows.map((row): unknown => JSON.parse(row))).toMatchObject(
      messages.map((message) => ({
        sha256: hash(message),
        places: [{ sha256: hash(message) }, { sha256: null }, { sha256: hash(stored(message)) }],
      })),
    );

    await rm(folder.at('lf'), { recursive: true });
    await rm(folder.at('crlf'), { recursive: true });
    const mbox = await readFile(folder.at('mbox'), 'latin1');
    await writeFile(folder.at('mbox'), mbox.slice(mbox.indexOf('\nFrom ') + 1), 'latin1');
    const moved = await runProgram(['history', '--json', '--subject', 'two'], here);
    expect(JSON.parse(moved.stdout)).toMatchObject({ messageId: '<two@x>', subject: 'two' });
  });

  it('cuts columns at a terminal only, and nothing that a program reads', async () => {
    await using folder = await temporaryFolder();
    const from = 'A Person With a Rather Long Name <person@a-long-domain.example.org>';
    const subject = 'long '.repeat(60).trim();
    const messages = [`From: ${from}\r\nSubject: ${subject}\r\n\r\nx\r\n`];
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    const account = 'an-account-with-a-long-name';
    await writeConfiguration(folder.path, { port: 1 }, { [account]: { port: server.address.port } });
    const here = { cwd: folder.path };
    await runProgram(['fetch', account], here);
    const piped = (await runProgram(['history'], here)).stdout;
    expect(piped).toContain(` ${account} `);
    expect(piped).toContain('<person@a-long-domain.example.org>');
    expect(piped).toContain(subject);
    // Standard error is a terminal there, and standard output goes to `cat`.
    const pager = ['python3', '-c', IN_TERMINAL, 'sh', '-c', '"$@" | cat', 'sh'];
    expect((await runProgram(['history'], { ...here, under: pager })).stdout).toContain(subject);
    const seen = await runProgram(['history'], { ...here, under: ['python3', '-c', IN_TERMINAL] });
    expect(seen.stdout).toContain(` ${account.slice(0, 12)} `);
    expect(seen.stdout).not.toContain(subject);
  });

  it('of a message that is not stored any more shows its Message-ID', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port });
    await runProgram(['fetch'], { cwd: folder.path });
    await rm(folder.at('Mail'), { recursive: true });
    expect((await runProgram(['history'], { cwd: folder.path })).stdout).toContain('(<cleo@mail.example>)');
  });

  it('says what is no time: exit 64', async () => {
    await using folder = await temporaryFolder();
    await writeConfiguration(folder.path, {});
    const { status, stderr } = await runProgram(['history', '--since', 'yesterday'], { cwd: folder.path });
    expect(status).toBe(64);
    expect(stderr).toContain('2026-11-28');
  });
});

describe('mailferry explain', () => {
  it('tells of a message by its number or unique-id, before and after it was carried, and after it is gone', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const [uid = ''] = server.maildrop('alice').uids;
    const here = { cwd: folder.path };
    await writeConfiguration(folder.path, { port: server.address.port, delete: { after: '30d' } });
    const before = await runProgram(['explain', 'me', '1'], here);
    expect(before).toMatchObject({ status: 0, stderr: '' });
    expect(before.stdout).toMatch(new RegExp(`^me: message 1, unique-id ${uid}, \\d+ B by LIST\n`));
    expect(before.stdout).toContain('would fetch it');
    await runProgram(['fetch'], here);
    expect((await runProgram(['explain', 'me', uid], here)).stdout).toMatch(
      /Carried on .*\n +maildir:.*\n.*counts as carried.*\n.*by the first poll after/,
    );
    await writeConfiguration(folder.path, { port: server.address.port });
    const due = await runProgram(['explain', 'me', uid, '--json'], here);
    expect(JSON.parse(due.stdout)).toMatchObject({
      number: 1,
      action: 'leave',
      reason: 'carried',
      deletedNow: true,
    });
    await runProgram(['fetch'], here);
    expect((await runProgram(['explain', 'me', uid], here)).stdout).toMatch(/confirmed on .*deleted there/);
    const [named] = (await runProgram(['history', '--json', '--message', uid], here)).stdout.split('\n');
    const { messageId } = JSON.parse(named ?? '') as { messageId: string };
    for (const id of [messageId, messageId.slice(1, -1)]) {
      const { status, stdout } = await runProgram(['explain', 'me', id], here);
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: expect.stringMatching(new RegExp(`^me: unique-id ${uid}\n`)) as string,
      });
    }
    expect((await runProgram(['explain', 'me', uid, '--no-server'], here)).stdout).toContain('Carried on');
  });

  it('says what became of what was delivered: there, changed, gone, or on a disk that is not mounted', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const [uid = ''] = server.maildrop('alice').uids;
    const here = { cwd: folder.path };
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'never' });
    await runProgram(['fetch'], here);
    const told = async (): Promise<string> =>
      (await runProgram(['explain', 'me', uid, '--no-server'], here)).stdout;
    expect(await told()).toMatch(
      /maildir:.*: there as delivered\n.*The server was not asked\.\n.*delete: never/,
    );
    const { stdout } = await runProgram(['explain', 'me', uid, '--no-server', '--json'], here);
    const { entries } = JSON.parse(stdout) as {
      entries: { places: { location: string; state: string }[] }[];
    };
    const [place] = entries[0]?.places ?? [];
    expect(place?.state).toBe('intact');
    const file = folder.at('Mail', 'new', place?.location ?? '');
    await writeFile(file, 'Subject: other\n\n');
    expect(await told()).toContain(': changed since');
    await rm(file);
    expect(await told()).toContain(': not there any more (moved');
    await rm(folder.at('Mail'), { recursive: true });
    const unmounted = await runProgram(['explain', 'me', uid, '--no-server'], here);
    expect(unmounted.stdout).toContain(': cannot be read');
    expect(unmounted.stderr).toContain('Mount the disk');
  });

  it('does not say that a server which cannot be reached lists nothing', async () => {
    await using folder = await temporaryFolder();
    const server = await createServer({ users });
    const [uid = ''] = server.maildrop('alice').uids;
    const here = { cwd: folder.path };
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'never' });
    await runProgram(['fetch'], here);
    await server.close();
    const { stdout, stderr } = await runProgram(['explain', 'me', uid], here);
    expect(stdout).toContain('The server was not asked.');
    expect(stdout).not.toContain('does not list');
    expect(stderr).toContain('me: the server was not asked: ');
    expect((await runProgram(['explain', 'me', 'nonsense'], here)).stderr).not.toContain('does not list');
  });

  it('of a message that nobody knows says where to look: exit 64', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port });
    const { status, stderr } = await runProgram(['explain', 'me', 'nonsense'], { cwd: folder.path });
    expect(status).toBe(64);
    expect(stderr).toContain('--dry-run');
  });
});
