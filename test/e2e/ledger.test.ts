import { appendFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { createServer, type Faults, type Pop3Server } from '../../src/pop3-server/index.ts';
import { type Ended, runProgram, writeConfiguration } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIL = Array.from(
  { length: 12 },
  (_, index) =>
    `Message-ID: <${index}@mail.example>\r\nSubject: ${index}\r\n\r\nFrom here\r\n${'body\r\n'.repeat(index)}`,
);
const MBOX = { type: 'mbox', path: './mbox' };

describe('I8: a ledger that is lost', () => {
  it('is worked out anew from the names in the Maildir, without a second download', async () => {
    await using kept = await keptMail();
    await rm(join(kept.folder, 'state'), { recursive: true });
    kept.server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');
    const { report, stderr } = await fetch(kept.folder);
    expect(report).toMatchObject({ outcome: 'ok', fetched: 1, kept: 13 });
    expect(stderr).toContain('recorded as carried: 12 messages found at the destination');
    expect(await files(kept.folder)).toBe(13);
    kept.server.setFaults([{ do: 'uids', prefix: 'changed-' }]);
    expect((await fetch(kept.folder)).report).toMatchObject({ fetched: 0, kept: 13 });
  });

  it('makes the poll stop when some of the mail was moved, until it is told what to do', async () => {
    await using kept = await keptMail();
    await rm(join(kept.folder, 'state'), { recursive: true });
    const [oldest = ''] = (await readdir(join(kept.folder, 'Mail/new'))).sort();
    await rename(join(kept.folder, 'Mail/new', oldest), join(kept.folder, 'moved'));
    const { report, status } = await fetch(kept.folder);
    expect({ status, code: report.error?.code, fetched: report.fetched }).toEqual({
      status: 74,
      code: 'ledger-lost',
      fetched: 0,
    });
    expect(report.error?.hint).toContain('mailferry adopt me');
    expect((await runProgram(['adopt', 'me'], { cwd: kept.folder })).stdout).toBe(
      'me: 12 messages of 12 count as carried from now on\n',
    );
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 0, kept: 12 });
  });

  it('or carries what was not found, when it is told that', async () => {
    await using kept = await keptMail();
    await rm(join(kept.folder, 'state'), { recursive: true });
    const [oldest = ''] = (await readdir(join(kept.folder, 'Mail/new'))).sort();
    await rename(join(kept.folder, 'Mail/new', oldest), join(kept.folder, 'moved'));
    await runProgram(['adopt', '--none', 'me'], { cwd: kept.folder });
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 1, kept: 12 });
    expect(await files(kept.folder)).toBe(12);
  });

  it('is set aside when it is damaged; what an mbox has no more, it cannot tell, so the poll stops and asks', async () => {
    await using kept = await keptMail({ deliver: MBOX });
    await editMbox(kept.folder, (messages) => messages.slice(1));
    await rm(join(kept.folder, 'state/ledger.db-wal'), { force: true });
    await writeFile(join(kept.folder, 'state/ledger.db'), 'this is no database'.repeat(500));
    const { report, status, stderr } = await fetch(kept.folder);
    expect({ status, code: report.error?.code }).toEqual({ status: 74, code: 'ledger-lost' });
    expect(stderr).toContain('The ledger was damaged');
    expect(
      (await readdir(join(kept.folder, 'state'))).some((name) => name.startsWith('ledger.db.damaged-')),
    ).toBe(true);
    await runProgram(['adopt', 'me'], { cwd: kept.folder });
    const next = await fetch(kept.folder);
    expect(next).toMatchObject({ report: { outcome: 'ok', fetched: 0 }, stderr: '' });
  });
});

describe('I9: a ledger that does not know an account whose mail is there', () => {
  it.for([
    [['verify'], 'stderr'],
    [['verify', '--json'], 'stdout'],
    [['refetch', 'me', '--dry-run'], 'stderr'],
    [['export', 'fetchmail', '--output', 'fetchids', '--force'], 'stderr'],
  ] as const)('is never all right: %j', async ([words, where]) => {
    await using kept = await keptMail();
    await writeFile(join(kept.folder, 'fetchids'), 'memory');
    await rm(join(kept.folder, 'state'), { recursive: true });
    const ended = await runProgram([...words], { cwd: kept.folder });
    expect(ended.status).toBe(74);
    expect(ended[where]).toMatch(/does not know account \\?"me\\?"/);
    expect(ended[where]).toContain('12 messages to maildir:');
    expect(await readFile(join(kept.folder, 'fetchids'), 'utf8')).toBe('memory');
  });

  it('is as it should be where another account has delivered that mail, or nobody has', async () => {
    await using kept = await keptMail();
    const { port } = kept.server.address;
    await writeConfiguration(kept.folder, { port }, { other: { user: 'bob' } });
    const said = 'other: nothing was carried yet that the ledger knows of\n';
    const verified = await runProgram(['verify', 'other'], { cwd: kept.folder });
    expect(verified).toMatchObject({ status: 0, stdout: said });
  });
});

describe('I8: a ledger that is lost, and what names cannot tell', () => {
  it.for([
    ['with unique-ids', []],
    ['without unique-ids', [{ do: 'hide', names: ['UIDL'] }]],
    ['without TOP', [{ do: 'hide', names: ['TOP'] }]],
  ] as const)('is worked out anew from an mbox, by what stands in it (a server %s)', async ([, faults]) => {
    await using kept = await keptMail({ deliver: MBOX });
    kept.server.setFaults(faults);
    await rm(join(kept.folder, 'state'), { recursive: true });
    kept.server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');
    const { report, stderr, status } = await fetch(kept.folder);
    expect({ status, report }).toMatchObject({ status: 0, report: { outcome: 'ok', fetched: 1, kept: 13 } });
    expect(stderr).toContain('is compared with the 12 messages at the destination');
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 0, kept: 13 });
    expect(await mboxMessages(kept.folder)).toHaveLength(13);
  });

  it('is worked out anew from a Maildir also for a server without unique-ids', async () => {
    await using kept = await keptMail({}, [{ do: 'hide', names: ['UIDL'] }]);
    await rm(join(kept.folder, 'state'), { recursive: true });
    kept.server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 1, kept: 13 });
    expect(await files(kept.folder)).toBe(13);
  });

  it('knows the messages of an mbox in which a mail program has written its fields', async () => {
    await using kept = await keptMail({ deliver: MBOX });
    await editMbox(kept.folder, (messages) =>
      messages.map((message) => message.replace(/\n\n/, '\nStatus: RO\nContent-Length: 12\nLines: 3\n\n')),
    );
    await rm(join(kept.folder, 'state'), { recursive: true });
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 0, kept: 12 });
    expect(await mboxMessages(kept.folder)).toHaveLength(12);
  });

  it('makes the poll stop when older mail is not in the mbox any more', async () => {
    await using kept = await keptMail({ deliver: MBOX });
    await editMbox(kept.folder, (messages) => messages.slice(3));
    await rm(join(kept.folder, 'state'), { recursive: true });
    for (let poll = 0; poll < 2; poll += 1) {
      const { report, status } = await fetch(kept.folder);
      expect({ status, code: report.error?.code }).toEqual({ status: 74, code: 'ledger-lost' });
    }
    await runProgram(['adopt', '--none', 'me'], { cwd: kept.folder });
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', fetched: 3, kept: 12 });
    expect(await mboxMessages(kept.folder)).toHaveLength(12);
  });

  it('has each of two destinations get what it lacks', async () => {
    await using kept = await keptMail({ deliver: MBOX });
    await rm(join(kept.folder, 'state'), { recursive: true });
    const deliver = [MBOX, { type: 'maildir', path: './Mail' }];
    const { port } = kept.server.address;
    await writeConfiguration(kept.folder, { port, delete: 'after-delivery', deliver });
    expect((await fetch(kept.folder)).report).toMatchObject({ outcome: 'ok', deleted: 12, kept: 0 });
    expect(await mboxMessages(kept.folder)).toHaveLength(12);
    expect(await files(kept.folder)).toBe(12);
  });
});

describe('an mbox that has mail already', () => {
  const OTHERS =
    'From x@mail.example Thu Jan  1 00:00:00 2026\nMessage-ID: <x@y>\nSubject: other\n\nother\n\n';

  it('of others is no obstacle: everything is carried behind it', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
    await writeFile(folder.at('mbox'), OTHERS);
    await writeConfiguration(folder.path, {
      port: server.address.port,
      delete: 'after-delivery',
      deliver: MBOX,
    });
    expect((await fetch(folder.path)).report).toMatchObject({ outcome: 'ok', fetched: 12, deleted: 12 });
    expect(await mboxMessages(folder.path)).toHaveLength(13);
  });

  it('that two accounts fill at the same moment has the mail of both, also where it is the same', async () => {
    await using folder = await temporaryFolder();
    const messages = MAIL.slice(0, 6);
    await using server = await createServer({
      users: { alice: { password: 'secret', messages }, bob: { password: 'secret', messages } },
    });
    await writeFile(folder.at('mbox'), OTHERS);
    const account = { host: '127.0.0.1', port: server.address.port, tls: 'none', password: 'secret' };
    const common = { ...account, delete: 'after-delivery', deliver: MBOX };
    const accounts = { a: { ...common, user: 'alice' }, b: { ...common, user: 'bob' } };
    const configuration = JSON.stringify({ stateDir: './state', accounts });
    await writeFile(folder.at('mailferry.json'), configuration, { mode: 0o600 });
    expect(await runProgram(['fetch', '--quiet'], { cwd: folder.path })).toMatchObject({ status: 0 });
    expect(await mboxMessages(folder.path)).toHaveLength(13);
    expect(server.maildrop('bob').messages).toEqual([]);
  });
});

describe('mailferry adopt', () => {
  it('counts old mail as carried, and never lets it be deleted', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'after-delivery' });
    await runProgram(['adopt', 'me'], { cwd: folder.path });
    server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');
    expect((await fetch(folder.path)).report).toMatchObject({ fetched: 1, deleted: 1, kept: 12 });
    expect(server.maildrop('alice').messages.length).toBe(12);
  });
});

describe('mailferry verify', () => {
  it.each([
    ['maildir', { type: 'maildir', path: './Mail' }],
    ['mbox', MBOX],
  ])('%s: finds everything as delivered', async (_, deliver) => {
    await using kept = await keptMail({ deliver });
    const { status, stdout } = await runProgram(['verify'], { cwd: kept.folder });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^me: 12 messages in .* as delivered\n$/);
  });

  it('names what was changed, cannot be read, or is not there any more, wherever a mail program put the rest', async () => {
    await using kept = await keptMail();
    const maildir = join(kept.folder, 'Mail');
    const [changed = '', deleted = '', read = '', odd = ''] = (await readdir(join(maildir, 'new'))).sort();
    await rm(join(maildir, 'new', odd));
    await mkdir(join(maildir, 'new', odd));
    await appendFile(join(maildir, 'new', changed), 'x');
    await rm(join(maildir, 'new', deleted));
    await rename(join(maildir, 'new', read), join(maildir, 'cur', `${read}:2,S`));
    const { status, stdout } = await runProgram(['verify', '--json'], { cwd: kept.folder });
    expect(status).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      account: 'me',
      intact: 9,
      changed: [changed],
      missing: [deleted],
      unreadable: [odd],
    });
  });

  it.each([
    ['an mbox that a mail program has emptied and removed', MBOX, 65, '12 messages not there any more'],
    [
      'a Maildir whose disk is not mounted',
      { type: 'maildir', path: './Mail' },
      73,
      'is not there, although mail',
    ],
  ] as const)('tells of %s, and does not create it', async (...[, deliver, expected, said]) => {
    await using kept = await keptMail({ deliver });
    await rm(join(kept.folder, deliver.path), { recursive: true });
    const { status, stdout, stderr } = await runProgram(['verify'], { cwd: kept.folder });
    expect(status).toBe(expected);
    expect(stdout + stderr).toContain(said);
    expect(await readdir(kept.folder)).not.toContain(deliver.path.slice(2));
  });

  it('works beside whoever owns the ledger, as export does', async () => {
    await using kept = await keptMail();
    const owner = await SqliteLedger.open(join(kept.folder, 'state'));
    try {
      expect(await runProgram(['verify'], { cwd: kept.folder })).toMatchObject({ status: 0 });
      const exported = await runProgram(['export', 'mpop', '--output', 'uidls'], { cwd: kept.folder });
      expect(exported).toMatchObject({ status: 0, stdout: expect.stringContaining('12 messages') as string });
      expect((await fetch(kept.folder)).status).toBe(75);
    } finally {
      owner.close();
    }
  });

  it('notices one octet that is different in an mbox', async () => {
    await using kept = await keptMail({ deliver: MBOX });
    const path = join(kept.folder, 'mbox');
    const text = await readFile(path, 'latin1');
    await writeFile(path, text.replace('Subject: 7', 'Subject: 8'), 'latin1');
    expect((await runProgram(['verify'], { cwd: kept.folder })).status).toBe(65);
  });
});

describe('verify after a change of the configuration', () => {
  it('looks where mail was delivered to before, and says of whom it looks at nothing', async () => {
    await using kept = await keptMail({});
    const { port } = kept.server.address;
    const [changed = ''] = (await readdir(join(kept.folder, 'Mail/new'))).sort();
    await truncate(join(kept.folder, 'Mail/new', changed), 10);
    const elsewhere = { type: 'maildir', path: './Elsewhere' };
    const path = await writeConfiguration(kept.folder, { port, deliver: elsewhere });
    const { status, stdout } = await runProgram(['verify', '--json'], { cwd: kept.folder });
    expect(status).toBe(65);
    const [now, before] = stdout.trimEnd().split('\n');
    expect(JSON.parse(now ?? '')).toMatchObject({ intact: 0, changed: [] });
    expect(JSON.parse(before ?? '')).toMatchObject({ intact: 11, changed: [changed] });

    // Moved along with the configuration, its mail is still the same.
    await rename(join(kept.folder, 'Mail'), join(kept.folder, 'Elsewhere'));
    expect((await runProgram(['verify'], { cwd: kept.folder })).stdout).toMatch(
      /^me: 11 messages that came to maildir:.*\/Mail, there or where mail goes now, as delivered$/m,
    );
    const moved = await runProgram(['verify', '--json'], { cwd: kept.folder });
    expect(JSON.parse(moved.stdout.trimEnd().split('\n')[1] ?? '')).toMatchObject({
      intact: 11,
      changed: [changed],
      missing: [],
    });

    await writeFile(path, (await readFile(path, 'utf8')).replace('"me":', '"renamed":'));
    const { stderr } = await runProgram(['verify'], { cwd: kept.folder });
    expect(stderr).toContain('12 messages of account me, which is not configured any more');
  });
});

describe('deleting what was kept', () => {
  it('re-reads it first: what has changed here stays on the server, what was moved counts as handed over', async () => {
    await using kept = await keptMail({ delete: { after: '1s' } });
    const maildir = join(kept.folder, 'Mail/new');
    const [changed = '', moved = ''] = (await readdir(maildir)).sort();
    await truncate(join(maildir, changed), 10);
    await rm(join(maildir, moved));
    // Some may be a second old before others are.
    let deleted = 0;
    await expect
      .poll(async () => (deleted += (await fetch(kept.folder)).report.deleted), { timeout: 60_000 })
      .toBe(11);
    const { report, status } = await fetch(kept.folder);
    expect({ status, code: report.error?.code }).toEqual({ status: 65, code: 'message-changed' });
    expect(kept.server.maildrop('alice').messages.length).toBe(1);
  });

  it('asks before it deletes far more than ever before', async () => {
    await using folder = await temporaryFolder();
    const messages = Array.from({ length: 150 }, (_, index) => `Subject: ${index}\r\n\r\nbody\r\n`);
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'never' });
    await fetch(folder.path);
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'after-delivery' });
    server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');

    const { report, status } = await fetch(folder.path);
    expect({ status, code: report.error?.code, fetched: report.fetched, deleted: report.deleted }).toEqual({
      status: 65,
      code: 'deletion-unconfirmed',
      fetched: 1,
      deleted: 1,
    });
    expect(report.error?.hint).toContain('mailferry fetch --confirm-delete me');
    expect(server.maildrop('alice').messages.length).toBe(150);
    expect((await fetch(folder.path, '--confirm-delete')).report).toMatchObject({
      outcome: 'ok',
      deleted: 150,
    });
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

interface Report {
  readonly outcome: string;
  readonly fetched: number;
  readonly deleted: number;
  readonly error: { readonly code: string; readonly hint: string } | null;
}

async function fetch(folder: string, ...words: string[]): Promise<Ended & { readonly report: Report }> {
  const ended = await runProgram(['fetch', '--json', ...words], { cwd: folder });
  return { ...ended, report: JSON.parse(ended.stdout) as Report };
}

interface Kept extends AsyncDisposable {
  readonly folder: string;
  readonly server: Pop3Server;
}

/** Twelve messages, carried and kept on the server. */
async function keptMail(account: Readonly<Record<string, unknown>> = {}, faults: Faults = []): Promise<Kept> {
  const folder = await temporaryFolder();
  const server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
  server.setFaults(faults);
  await writeConfiguration(folder.path, { port: server.address.port, delete: 'never', ...account });
  expect((await fetch(folder.path)).report).toMatchObject({ outcome: 'ok', fetched: 12 });
  return {
    folder: folder.path,
    server,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function files(folder: string): Promise<number> {
  return (await readdir(join(folder, 'Mail/new'))).length;
}

/** The messages of the mbox, each with its From_ line. */
async function mboxMessages(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'mbox'), 'latin1');
  return text.split(/(?<=\n\n|^)(?=From )/);
}

async function editMbox(folder: string, edit: (messages: string[]) => string[]): Promise<void> {
  await writeFile(join(folder, 'mbox'), edit(await mboxMessages(folder)).join(''), 'latin1');
}
