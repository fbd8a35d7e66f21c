import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { certificate } from '../support/certificates.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { greetedClient } from '../support/raw-client.ts';
import { mixedMail, type TortureMessage, tortureMail } from '../support/torture-mail.ts';
import { makesFolder } from './folder.ts';
import {
  type Delivery,
  delivered,
  fetchJson,
  type Kind,
  named,
  report,
  retrieveRaw,
  sha256,
  stored,
  type TlsMode,
} from './judge.ts';

/** The built program against a real Dovecot; what it stored is read by programs that others wrote. */

const run = promisify(execFile);
const SUPPORT = join(import.meta.dirname, '../support');
const PASSWORD = 'secret';

let folder: string;

beforeEach(requirePrograms('dovecot', 'python3', 'openssl'));

beforeEach(makesFolder((path) => (folder = path)));

describe.each<Kind>(['maildir', 'mbox'])('into a %s', (kind) => {
  test.each<TlsMode>(['implicit', 'starttls', 'none'])(
    'every odd message comes octet for octet, and only then leaves the server (TLS: %s)',
    async (tls) => {
      const messages = tortureMail();
      await using dovecot = await serve(messages);
      const wire = await retrieve(dovecot);
      const deliver = await configure(dovecot, { tls, kind });

      const { length } = messages;
      const bytes = wire.reduce((sum, message) => sum + message.length, 0);
      expect(await fetchJson(folder)).toEqual(
        report({ listed: length, fetched: length, bytes, deleted: length }),
      );
      const names = named(messages, wire.map(stored));
      expect(names((await delivered(deliver)).map(sha256))).toEqual(names(wire.map(stored).map(sha256)));
      expect(await dovecot.maildrop('alice')).toEqual([]);
      expect(await sizeByStat(dovecot)).toBe('+OK 0 0');

      expect(await fetchJson(folder)).toEqual(report({}));
      expect(await delivered(deliver)).toHaveLength(length);
    },
  );

  test('300 messages are read back by Dovecot, Python and mutt as they were', async (context) => {
    requirePrograms('mutt')(context);
    const messages = mixed();
    await using dovecot = await serve(messages);
    const wire = await retrieve(dovecot);
    const deliver = await configure(dovecot, { tls: kind === 'maildir' ? 'implicit' : 'starttls', kind });

    expect(await fetchJson(folder)).toMatchObject({ outcome: 'ok', listed: 300, fetched: 300, deleted: 300 });
    const inPlace = wire.map(stored).map((message) => (kind === 'mbox' ? quoted(message) : message));
    const names = named(messages, inPlace);
    expect(names(await readByPython(deliver))).toEqual(names(inPlace.map(sha256)));
    const fromMutt = names(await readByMutt(deliver));
    expect(fromMutt).toHaveLength(300);
    const kept = names(inPlace.map(sha256)).filter((name) => !REWRITTEN_BY_MUTT.has(name));
    expect(fromMutt).toEqual(expect.arrayContaining(kept));
    const fromDovecot = inPlace.map((message) => asDovecotGives(message, kind));
    const namesFromDovecot = named(messages, fromDovecot);
    expect(namesFromDovecot(await readByDovecot(deliver))).toEqual(namesFromDovecot(fromDovecot.map(sha256)));
  });
});

/** mutt passes a body on as it is, but puts a header in order that is none. */
const REWRITTEN_BY_MUTT: ReadonlySet<string> = new Set([
  'From lines in the header',
  'NUL in the header',
  'a Return-Path that is another From line',
  'a quoted From line as the first line',
  'a header without an empty line',
  'a header without any line end',
  'fields that are doubled and odd',
  'no header',
]);

describe('what stays on the server', () => {
  test('with "delete: never" is carried once, and what is new is carried alone', async () => {
    const messages = tortureMail().slice(0, 10);
    await using dovecot = await serve(messages);
    const wire = await retrieve(dovecot);
    const deliver = await configure(dovecot, { delete: 'never' });

    expect(await fetchJson(folder)).toMatchObject({ listed: 10, fetched: 10, deleted: 0, kept: 10 });
    expect(await fetchJson(folder)).toEqual(report({ listed: 10, kept: 10 }));
    await dovecot.addMessage('alice', Buffer.from('Subject: new\r\n\r\ntext\r\n'));
    expect(await fetchJson(folder)).toEqual(report({ listed: 11, fetched: 1, bytes: 22, kept: 11 }));

    const expected = [...wire.map(stored), Buffer.from('Subject: new\n\ntext\n')];
    expect((await delivered(deliver)).map(sha256).sort()).toEqual(expected.map(sha256).sort());
    expect(await dovecot.maildrop('alice')).toHaveLength(11);
  });

  test('with "--dry-run" is everything: neither RETR nor DELE is sent, nothing is made or recorded', async () => {
    const messages = tortureMail().slice(0, 30);
    await using dovecot = await serve(messages);
    const deliver = await configure(dovecot);

    const plan = await fetchJson(folder, '--dry-run');
    const [, retrieved, deleted] = await dovecot.logged(/Logged out .*retr=(\d+)\/\d+, del=(\d+)\/30/);
    expect({ retrieved, deleted }).toEqual({ retrieved: '0', deleted: '0' });
    expect(plan).toMatchObject({ account: 'me', dryRun: true, error: null });
    expect(plan).toHaveProperty(
      'messages.29',
      expect.objectContaining({ action: 'retrieve', reason: 'new' }),
    );
    await expect(stat(deliver.path)).rejects.toMatchObject({ code: 'ENOENT' });
    const unchanged = messages.map(({ octets }) => sha256(octets));
    expect((await dovecot.maildrop('alice')).map(sha256)).toEqual(unchanged);

    expect(await fetchJson(folder)).toMatchObject({ listed: 30, fetched: 30, deleted: 30 });
  });

  test('is at most the one message that Dovecot does not byte-stuff, never its neighbours', async () => {
    // Dovecot 2.3 sends a dot that is the very first octet of a message as it is; then the response seems to end.
    const messages = ['before', '.', 'after'].map((text) => ({
      name: text,
      octets: Buffer.from(`${text}\r\n`),
    }));
    await using dovecot = await serve(messages);
    const deliver = await configure(dovecot);
    const poll = async (): Promise<number | null> =>
      (await runProgram(['fetch', '--json'], { cwd: folder })).status;
    let status = await poll();
    for (let attempts = 1; status === 76 && attempts < 6; attempts += 1) status = await poll();

    const here = (await delivered(deliver)).map(String);
    const there = (await dovecot.maildrop('alice')).map(stored).map(String);
    expect(status).toBe(there.length === 0 ? 0 : 65);
    expect([...here, ...there].sort()).toEqual(['.\n', 'after\n', 'before\n']);
    expect(here).toEqual(expect.arrayContaining(['after\n', 'before\n']));
  });
});

let mixture: readonly TortureMessage[] | undefined;

/** Made once, as it takes seconds. */
function mixed(): readonly TortureMessage[] {
  mixture ??= mixedMail(300);
  return mixture;
}

function serve(messages: readonly TortureMessage[]): Promise<Dovecot> {
  const alice = { password: PASSWORD, messages: messages.map(({ octets }) => octets) };
  return startDovecot({ users: { alice }, tls: certificate() });
}

async function configure(
  { host, ports }: Dovecot,
  { tls = 'implicit', kind = 'maildir', ...more }: { tls?: TlsMode; kind?: Kind; delete?: string } = {},
): Promise<Delivery> {
  const deliver = { type: kind, path: join(folder, kind === 'mbox' ? 'mbox' : 'Maildir') };
  const port = tls === 'implicit' ? ports.tls : ports.plain;
  await writeConfiguration(folder, {
    host,
    port,
    tls,
    caFile: './ca.pem',
    password: PASSWORD,
    deliver,
    ...more,
  });
  return deliver;
}

function retrieve({ host, ports }: Dovecot, user = 'alice'): Promise<Buffer[]> {
  const caFile = join(folder, 'ca.pem');
  return retrieveRaw({ host, port: ports.tls, caFile, user, password: PASSWORD, folder });
}

/** As it stands in an mbox of the mboxrd dialect. */
function quoted(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replaceAll(/(?<=^|\n)(>*From )/g, '>$1'), 'latin1');
}

/**
 * What Dovecot makes of a stored message: a CR right before the line end is part of the line end, and in an mbox it
 * takes some header fields for its own notes, which it does not show.
 */
function asDovecotGives(message: Buffer, kind: Kind): Buffer {
  const seen = stored(message);
  if (kind === 'maildir') return seen;
  const own = /^((?:[^\n]+\n)*?)(?:Content-Length|Status|X-Status|X-UID|X-IMAPbase): [^\n]*\n/;
  let text = seen.toString('latin1');
  while (own.test(text)) text = text.replace(own, '$1');
  return Buffer.from(text, 'latin1');
}

async function sizeByStat({ host, ports }: Dovecot): Promise<string> {
  await using client = await greetedClient({ host, port: ports.plain });
  await client.logIn('alice', PASSWORD);
  return await client.command('STAT');
}

async function readByPython({ type, path }: Delivery): Promise<string[]> {
  const { stdout } = await run('python3', [join(SUPPORT, 'read-mailbox.py'), type, path]);
  return stdout.trimEnd().split('\n');
}

/** mutt pipes each message to a program; out of an mbox it does so with the From_ line. */
async function readByMutt({ type, path }: Delivery): Promise<string[]> {
  const list = join(folder, 'mutt');
  // Every question of mutt that is not answered here would swallow the keys.
  const settings = `set folder=${folder} pipe_split=yes pipe_decode=no pipe_sep="" wait_key=no move=no quit=yes`;
  const program = `${type === 'mbox' ? 'tail -n +2|' : ''}sha256sum >>${list}`;
  const keys = `<tag-pattern>~A<enter><tag-prefix><pipe-message>${program}<enter><exit>`;
  const mutt = ['mutt', '-n', '-F', '/dev/null', '-R', '-f', path, '-e', settings, '-e', `push "${keys}"`];
  const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'vt100', LC_ALL: 'C' };
  await run('python3', [join(SUPPORT, 'run-in-terminal.py'), ...mutt], { env, timeout: 120_000 });
  return (await readFile(list, 'latin1')).trimEnd().replaceAll(/ .*/g, '').split('\n');
}

/** Dovecot takes a copy for a maildrop and gives it by POP3. */
async function readByDovecot(mailbox: Delivery): Promise<string[]> {
  await using dovecot = await startDovecot({
    users: { bob: { password: PASSWORD, mailbox } },
    tls: certificate(),
  });
  return (await retrieve(dovecot, 'bob')).map(stored).map(sha256);
}
