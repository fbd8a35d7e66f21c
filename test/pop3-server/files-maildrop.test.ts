import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MailError } from '../../src/errors.ts';
import {
  createServer,
  FilesMaildrop,
  type Pop3Server,
  type ServerEvent,
} from '../../src/pop3-server/index.ts';
import { LineEndWriter } from '../../src/pop3-server/line-ends.ts';
import { leaveOut } from '../../src/pop3-server/message-file.ts';
import { loggedInClient } from '../support/raw-client.ts';

let folder: string;
const events: ServerEvent[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailferry-maildrop-'));
  events.length = 0;
});

afterEach(() => rm(folder, { recursive: true }));

function put(name: string, content: string | Buffer): Promise<void> {
  return writeFile(join(folder, name), content);
}

function serve(): Promise<Pop3Server> {
  const users = { alice: { password: 'secret', maildrop: new FilesMaildrop(folder) } };
  return createServer({ users, observe: (event) => events.push(event) });
}

async function uids(maildrop: FilesMaildrop = new FilesMaildrop(folder)): Promise<readonly string[]> {
  return (await maildrop.list()).map(({ uid }) => uid);
}

describe('a folder of .eml files', () => {
  test('is listed by name, and holds regular .eml files only', async () => {
    await put('b.eml', 'B\r\n');
    await put('a.EML', 'AAAA\r\n');
    await put('c.txt', 'no mail\r\n');
    await put('.hidden.eml', 'not yet\r\n');
    await mkdir(join(folder, 'folder.eml'));
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.multiline('LIST')).toBe('+OK 2 messages (9 octets)\r\n1 6\r\n2 3\r\n.\r\n');
  });

  test.each([
    ['bare LF becomes CRLF', 'A: 1\n\n.b\nc\n', 'A: 1\r\n\r\n..b\r\nc\r\n', 15],
    ['CRLF and bare CR stay', 'A: 1\r\n\r\nb\rc\r\n', 'A: 1\r\n\r\nb\rc\r\n', 13],
    ['a missing final line end is added', 'A: 1\n\nb', 'A: 1\r\n\r\nb\r\n', 11],
    ['a final bare CR is kept', 'A: 1\n\nb\r', 'A: 1\r\n\r\nb\r\r\n', 12],
    ['an empty file is an empty message', '', '', 0],
  ])('goes out as mail: %s', async (_, content, wire, octets) => {
    await put('a.eml', content);
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command('LIST 1')).toBe(`+OK 1 ${octets}`);
    expect(await client.multiline('RETR 1')).toBe(`+OK ${octets} octets\r\n${wire}.\r\n`);
  });

  test('goes out whole when it is many blocks long', async () => {
    const line = `${'x'.repeat(997)}\n`;
    await put('a.eml', line.repeat(3000));
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 1')).toBe(`+OK ${3000 * 999} octets`);
    const body = await client.body();
    expect(body.toString()).toBe(`${`${'x'.repeat(997)}\r\n`.repeat(3000)}.\r\n`);
  });

  test.each([
    ['shorter', 'A: 1\n\nb\n'],
    ['longer', 'A: 1\n\n'.padEnd(300_000, 'c\n')],
  ])('breaks off where a message has become %s while it was sent', async (_, content) => {
    await put('a.eml', 'A: 1\n\n'.padEnd(200_000, 'b\n'));
    const [message] = await new FilesMaildrop(folder).list();
    const blocks = message?.read()[Symbol.asyncIterator]();
    await blocks?.next();
    await put('a.eml', content);
    const rest = async (): Promise<void> => {
      while ((await blocks?.next())?.done === false) continue;
    };
    await expect(rest()).rejects.toMatchObject({ message: expect.stringContaining('has changed') as string });
  });

  test('is read anew at each login', async () => {
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await put('a.eml', 'A\r\n');
    expect(await client.command('STAT')).toBe('+OK 0 0');
    await client.command('QUIT');
    await using next = await loggedInClient(server.address);
    expect(await next.command('STAT')).toBe('+OK 1 3');
  });

  test('loses a message at QUIT, and none without it', async () => {
    for (const name of ['a.eml', 'b.eml', 'c.eml']) await put(name, `${name}\r\n`);
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await client.command('DELE 2');
    expect(await readdir(folder)).toHaveLength(3);
    await client.command('QUIT');
    expect((await readdir(folder)).toSorted()).toEqual(['a.eml', 'c.eml']);

    await using dropped = await loggedInClient(server.address);
    await dropped.command('DELE 1');
    dropped.drop();
    await server.close();
    expect((await readdir(folder)).toSorted()).toEqual(['a.eml', 'c.eml']);
  });

  test('keeps a message that took the place of the deleted one, and says so', async () => {
    await put('a.eml', 'old\r\n');
    await put('b.eml', 'gone\r\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await put('new', 'new and longer\r\n');
    await rename(join(folder, 'new'), join(folder, 'a.eml'));
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\]/);
    await client.command('DELE 1');
    await client.command('DELE 2');
    expect(await client.command('QUIT')).toBe('-ERR some messages not removed');
    expect(await readdir(folder)).toEqual(['a.eml']);
    expect(events.filter(({ kind }) => kind === 'trouble')).toHaveLength(2);
  });

  test('does not mind a deleted message that is gone already', async () => {
    await put('a.eml', 'A\r\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await rm(join(folder, 'a.eml'));
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
  });

  test('is listed without what cannot be found, which is told of unless it is only gone', async () => {
    await put('a.eml', 'A\r\n');
    await put('z.eml', 'ZZ\r\n');
    await symlink('loop.eml', join(folder, 'loop.eml'));
    await symlink('nowhere', join(folder, 'dangling.eml'));
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.multiline('LIST')).toBe('+OK 2 messages (7 octets)\r\n1 3\r\n2 4\r\n.\r\n');
    expect(events.filter(({ kind }) => kind === 'trouble')).toMatchObject([
      { error: { code: 'config', message: expect.stringContaining('loop.eml" cannot be read') } },
    ]);
  });

  // A regular file that can be opened, but not be read, whoever reads it.
  test.runIf(existsSync('/proc/self/mem'))('is listed without what cannot be read', async () => {
    await put('a.eml', 'A\r\n');
    await symlink('/proc/self/mem', join(folder, 'mem.eml'));
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toBe('+OK 1 3');
    expect(events.filter(({ kind }) => kind === 'trouble')).toMatchObject([
      { error: { message: expect.stringContaining('mem.eml" cannot be read') } },
    ]);
  });

  test.each([
    ['EACCES', ['EACCES']],
    ['ENOENT', []],
    ['EMFILE', 'raised'],
    ['ENOMEM', 'raised'],
  ])('is listed without a file for %s: %j', (code, expected) => {
    const error = new MailError('config', code, { cause: Object.assign(new Error(code), { code }) });
    const reported: string[] = [];
    const leave = (): readonly string[] => {
      leaveOut(error, (trouble) => reported.push((trouble as MailError).message));
      return reported;
    };
    if (expected === 'raised') expect(leave).toThrow(error);
    else expect(leave()).toEqual(expected);
  });

  test('that is not there refuses the login, and tells the observer why', async () => {
    const users = { alice: { password: 'secret', maildrop: new FilesMaildrop(join(folder, 'nowhere')) } };
    await using server = await createServer({ users, observe: (event) => events.push(event) });
    await expect(loggedInClient(server.address)).rejects.toThrow('[SYS/TEMP]');
    expect(events.find(({ kind }) => kind === 'trouble')).toMatchObject({ error: { code: 'config' } });
  });
});

describe('the unique-id of a file', () => {
  // RFC 1939 §7 [uidl-stable]
  test('is the same after a restart, and when the file was only touched', async () => {
    await put('a.eml', 'A\r\n');
    const maildrop = new FilesMaildrop(folder);
    const before = await uids(maildrop);
    await utimes(join(folder, 'a.eml'), 1, 1);
    expect(await uids(maildrop)).toEqual(before);
    expect(await uids()).toEqual(before);
    expect(before[0]).toMatch(/^[\x21-\x7e]{1,70}$/);
  });

  test('differs between equal files', async () => {
    await put('a.eml', 'A\r\n');
    await put('b.eml', 'A\r\n');
    const [first, second] = await uids();
    expect(first).not.toBe(second);
  });

  test('changes when another message takes the name, even of the same size', async () => {
    await put('a.eml', 'A\r\n');
    const maildrop = new FilesMaildrop(folder);
    const before = await uids(maildrop);
    await put('new', 'B\r\n');
    await rename(join(folder, 'new'), join(folder, 'a.eml'));
    expect(await uids(maildrop)).not.toEqual(before);
  });
});

test.each([
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\r\nb\n\n', 'a\r\nb\r\n\r\n'],
  ['\n', '\r\n'],
  ['\r\r\n\n\r', '\r\r\n\r\n\r'],
  ['no line', 'no line'],
])('line ends of %j become %j, wherever the blocks are cut', (text, expected) => {
  for (let cut = 0; cut <= text.length; cut += 1) {
    const writer = new LineEndWriter();
    const parts = [text.slice(0, cut), text.slice(cut)].map((part) => writer.push(Buffer.from(part)));
    expect(Buffer.concat(parts).toString()).toBe(expected);
  }
});

describe('a Maildir', () => {
  beforeEach(async () => {
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(folder, part));
  });

  test('is listed in the order of delivery, from new and cur, without what is still being written', async () => {
    await put('cur/1700000002.b.host:2,S', 'BB\n');
    await put('new/1700000001.a.host', 'A\n');
    await put('new/1700000003.c.host', 'CCC\n');
    await put('tmp/1700000004.d.host', 'not yet\n');
    await put('cur/.hidden', 'no\n');
    await put('notes.eml', 'no mail of a Maildir\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    expect(await client.multiline('LIST')).toBe('+OK 3 messages (12 octets)\r\n1 3\r\n2 4\r\n3 5\r\n.\r\n');
    expect(await client.multiline('RETR 2')).toBe('+OK 4 octets\r\nBB\r\n.\r\n');
  });

  test('keeps unique-ids when messages are read and flagged by others', async () => {
    await put('new/1700000001.a.host', 'A\n');
    const before = await uids();
    await rename(join(folder, 'new/1700000001.a.host'), join(folder, 'cur/1700000001.a.host:2,'));
    expect(await uids()).toEqual(before);
    await rename(join(folder, 'cur/1700000001.a.host:2,'), join(folder, 'cur/1700000001.a.host:2,FS'));
    expect(await uids()).toEqual(before);
  });

  test('finds a message that was moved in the course of the session, to send and to remove it', async () => {
    await put('new/1700000001.a.host', 'A\n');
    await put('new/1700000002.b.host', 'B\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await rename(join(folder, 'new/1700000001.a.host'), join(folder, 'cur/1700000001.a.host:2,S'));
    expect(await client.multiline('RETR 1')).toBe('+OK 3 octets\r\nA\r\n.\r\n');
    await client.command('DELE 1');
    await put('new/1700000003.c.host', 'C\n');
    expect(await readdir(join(folder, 'cur'))).toHaveLength(1);
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    expect(await readdir(join(folder, 'cur'))).toEqual([]);
    expect(await readdir(join(folder, 'new'))).toEqual(['1700000002.b.host', '1700000003.c.host']);
  });

  test('refuses to send or remove a message in whose place another one is', async () => {
    await put('new/1700000001.a.host', 'A\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await rm(join(folder, 'new/1700000001.a.host'));
    await put('new/1700000001.a.host', 'another one\n');
    expect(await client.command('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\] /);
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toBe('-ERR some messages not removed');
    expect(await readdir(join(folder, 'new'))).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'trouble')).toHaveLength(2);
  });

  test('lets a message go that somebody else has removed', async () => {
    await put('new/1700000001.a.host', 'A\n');
    await using server = await serve();
    await using client = await loggedInClient(server.address);
    await rm(join(folder, 'new/1700000001.a.host'));
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
  });
});
