import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { runProgram } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'alice@example.org';
const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];

function serve(): Promise<Pop3Server> {
  const users = { [ADDRESS]: { password: 'sec ret', messages: MAIL } };
  return createServer({ users, tls: certificate(), tlsPort: 0 });
}

function serverOptions(server: Pop3Server): string[] {
  return ['--host', 'localhost', '--port', String(server.tlsAddress?.port), '--ca-file', 'ca.pem'];
}

async function prepared(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  await writeFile(folder.at('ca.pem'), authority().cert);
  return folder;
}

/** All that `init` must be told of an address. */
function ofAddress(address: string): string[] {
  return ['init', '-y', '-a', address, '--password-env', 'P', '--deliver', 'mbox:box', '--delete', 'never'];
}

/** From the password on. */
const TAKING_ALL_THAT_IS_PROPOSED = [
  'Where shall the password be kept?',
  'Where shall mail go?',
  'The folder of the Maildir?',
  'What shall happen on the server',
  'How often',
].map((question) => [question, '\r'] as const);

describe('mailferry init --yes', () => {
  it('writes a configuration that works at once, the password in a file of its own', async () => {
    await using folder = await prepared();
    await using server = await serve();
    await writeFile(folder.at('typed'), 'sec ret\n');
    const words = [
      'init',
      '--yes',
      '-a',
      ADDRESS,
      ...serverOptions(server),
      '--password-stdin',
      '--deliver',
      'maildir:~/Mail',
      '--delete',
      '30d',
    ];
    const under = ['sh', '-c', 'exec "$@" < typed', 'sh'];
    const { status, stdout, stderr } = await runProgram(words, { cwd: folder.path, under });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Logged in: 2 messages there');
    const written = await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8');
    expect(written).toContain('delete: { after: 30d }');
    expect(written).not.toContain('sec ret');
    expect(
      ((await stat(folder.at('.config/mailferry/passwords/example.org'))).mode & 0o777).toString(8),
    ).toBe('600');
    for (const [command, text] of [
      ['check', 'example.org'],
      ['doctor', 'example.org: good'],
      ['fetch', '2 new messages'],
    ] as const) {
      const ended = await runProgram([command], { cwd: folder.path });
      expect({ command, status: ended.status }).toEqual({ command, status: 0 });
      expect(ended.stdout).toContain(text);
    }
  });

  it('takes HOST:PORT, and no URL', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const port = String(server.tlsAddress?.port);
    const words = (host: string): string[] => [...ofAddress(ADDRESS), '--ca-file', 'ca.pem', '--host', host];
    const where = { cwd: folder.path, under: ['env', 'P=sec ret'] };
    const refused = await runProgram(words('pops://localhost'), where);
    expect(refused).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('no name of a server') as string,
    });
    const { status } = await runProgram(words(`localhost:${port}`), where);
    expect(status).toBe(0);
    expect(await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8')).toContain(`port: ${port}`);
  });

  it('says at once all that is missing: exit 64', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runProgram(['init', '--yes'], { cwd: folder.path });
    expect(status).toBe(64);
    for (const option of ['--address', '--password-file', '--deliver', '--delete'])
      expect(stderr).toContain(option);
  });

  it('without a terminal does not ask, but says how to do without: exit 64', async () => {
    await using folder = await temporaryFolder();
    const { status, stdout, stderr } = await runProgram(['init'], { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain('--yes');
  });

  it.each([
    [['--password-command', 'echo wrong'], 77, /refused the login/],
    [['--password-command', 'echo sec ret', '--tls', 'none', '--host', '127.0.0.1'], 76, /./],
    [['--password-file', 'missing'], 78, /cannot be read/],
    [['--password-command', 'echo sec ret', '--delete', 'soon'], 64, /never, after-delivery/],
  ])('with %j writes nothing and says why', async (more, exit, words) => {
    await using folder = await prepared();
    await using server = await serve();
    const all = [
      'init',
      '--yes',
      '-a',
      ADDRESS,
      ...serverOptions(server),
      '--deliver',
      'mbox:box',
      '--delete',
      'never',
      ...more,
    ];
    const { status, stderr } = await runProgram(all, { cwd: folder.path });
    expect(stderr).toMatch(words);
    expect(exit === 76 ? [69, 76].includes(status ?? 0) : status === exit).toBe(true);
    await expect(stat(folder.at('.config'))).rejects.toThrow('ENOENT');
  });

  it('does not replace a configuration unless told so', async () => {
    await using folder = await prepared();
    await mkdir(folder.at('.config/mailferry'), { recursive: true });
    await writeFile(folder.at('.config/mailferry/config.yaml'), 'mine');
    const { status, stderr } = await runProgram(ofAddress(ADDRESS), { cwd: folder.path });
    expect(status).toBe(64);
    expect(stderr).toContain('--add');
    expect(stderr).toContain('--force');
    expect(await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8')).toBe('mine');
  });

  it('tells of a provider that has no POP3', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runProgram(ofAddress('me@icloud.com'), { cwd: folder.path });
    expect(status).toBe(69);
    expect(stderr).toContain('iCloud Mail has no POP3');
  });
});

describe('mailferry init --yes --add', () => {
  /** `init --add` for accounts at hosts that are not asked anything. */
  async function add(folder: TemporaryFolder, address: string, ...more: string[]): Promise<[number, string]> {
    const login = ['--no-login', '--host', 'localhost', '--ca-file', 'ca.pem', ...more];
    const words = [...ofAddress(address), '--add', ...login];
    const { status, stderr } = await runProgram(words, { cwd: folder.path, under: ['env', 'P=sec ret'] });
    return [status ?? -1, stderr];
  }

  test('makes the configuration, and adds accounts to it one by one', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const port = ['--port', String(server.tlsAddress?.port)];
    expect(await add(folder, 'one@example.org', '--name', 'one', ...port)).toEqual([0, '']);
    expect(await add(folder, 'two@example.org', '--name', 'two', ...port)).toEqual([0, '']);
    expect((await add(folder, 'six@example.org', '--name', 'two', ...port))[0]).toBe(64);
    const checked = await runProgram(['check'], { cwd: folder.path, under: ['env', 'P=sec ret'] });
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining('good, 2 accounts') });
  });

  test('changes nothing where the accounts could not be together, or it cannot tell how, and says so', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const port = ['--port', String(server.tlsAddress?.port)];
    await add(folder, 'one@example.org', '--name', 'one', ...port);
    const path = folder.at('.config/mailferry/config.yaml');
    const before = await readFile(path, 'utf8');
    const [status, said] = await add(folder, 'one@example.org', '--name', 'again', ...port);
    expect([status, said]).toEqual([
      78,
      expect.stringContaining('accounts.again: this is the maildrop of account "one" again'),
    ]);
    expect(await readFile(path, 'utf8')).toBe(before);
    const braces =
      '{ accounts: { a: { host: h, user: u, password: { env: P }, deliver: { type: mbox, path: b }, delete: never } } }\n';
    await writeFile(path, braces);
    expect(await add(folder, 'two@example.org', '--name', 'two', ...port)).toEqual([
      73,
      expect.stringContaining('Nothing in it was changed.'),
    ]);
    expect(await readFile(path, 'utf8')).toBe(braces);
  });
});

describe('mailferry init at a terminal', () => {
  beforeEach(requirePrograms('python3'));

  test('asks, tries, asks again after a wrong password, examines, and shows what would come', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const { status, shown } = await answer(
      folder,
      ['init', ...serverOptions(server)],
      [
        ['Your mail address?', `${ADDRESS}\r`],
        ['The name to log in with?', '\r'],
        ['The password of', 'wrong\r'],
        ['The name to log in with?', '\r'],
        ['The password of', 'sec ret\r'],
        ...TAKING_ALL_THAT_IS_PROPOSED,
        ['Examine it now', '\r'],
      ],
    );
    expect(shown).toContain('refused the login');
    expect(shown).toContain('a poll would retrieve 2 messages');
    expect(shown).not.toMatch(/wrong|sec ret/);
    expect(status).toBe(0);
    expect(await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8')).toMatch(/delete: never/);
    expect(server.maildrop(ADDRESS).messages.length).toBe(2);
    await expect(stat(folder.at('Mail'))).rejects.toThrow('ENOENT');
  });

  test('shows the account to add where there is a configuration, under a name that is free', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const first = [...ofAddress('bob@example.org'), '--no-login', ...serverOptions(server)];
    await runProgram(first, { cwd: folder.path, under: ['env', 'P=sec ret'] });
    const path = folder.at('.config/mailferry/config.yaml');
    const before = await readFile(path, 'utf8');
    const { status, shown } = await answer(
      folder,
      ['init', '--user', ADDRESS, ...serverOptions(server)],
      [
        // The second answer.
        ['What shall become of the new account?', '\u001b[B\r'],
        ['There is an account "example.org" already.', 'second\r'],
        ['The password of', 'sec ret\r'],
        ...TAKING_ALL_THAT_IS_PROPOSED,
      ],
    );
    expect(status).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(before);
    const [, block = ''] = /Add this below "accounts:"[^\n]*\n\s*\n([^]*?)\n\s*\nThen: /.exec(shown) ?? [];
    expect(block).toMatch(/^ {2}second:/);
    await writeFile(path, `${before}${block.replaceAll('\r', '')}\n`);
    const checked = await runProgram(['check'], { cwd: folder.path, under: ['env', 'P=sec ret'] });
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining('second') });
  });

  test('adds the account to the configuration that is there, and examines it alone', async () => {
    await using folder = await prepared();
    await using server = await serve();
    const path = folder.at('mine.yaml');
    const before =
      'accounts:\n  # mine\n  bob: { host: h, user: b, password: { env: B }, deliver: { type: mbox, path: b }, delete: never }\n';
    await writeFile(path, before, { mode: 0o644 });
    const { status, shown } = await answer(
      folder,
      ['init', '--user', ADDRESS, '--output', path, ...serverOptions(server)],
      [
        ['What shall become of the new account?', '\r'],
        ['The password of', 'sec ret\r'],
        ...TAKING_ALL_THAT_IS_PROPOSED,
        ['Examine it now', '\r'],
      ],
    );
    expect(shown).toContain('a poll would retrieve 2 messages');
    expect(shown).toContain('where a daemon runs: mailferry reload --config');
    expect(status).toBe(0);
    expect((await readFile(path, 'utf8')).slice(0, before.length)).toBe(before);
    // The user of a daemon may be another one than its owner.
    expect((await stat(path)).mode.toString(8)).toMatch(/644$/);
  });

  test('asks for the address where only a login name without a domain was said', async () => {
    await using folder = await prepared();
    const { shown } = await answer(folder, ['init', '--user', 'u20'], [['Your mail address?', '\u0003']]);
    expect(shown).not.toContain('Looking for the server');
  });

  test('stopped with Ctrl-C writes nothing', async () => {
    await using folder = await prepared();
    const { status, shown } = await answer(folder, ['init'], [['Your mail address?', '\u0003']]);
    expect(shown).toContain('nothing was written');
    expect(status).toBe(75);
    await expect(stat(folder.at('.config'))).rejects.toThrow('ENOENT');
  });
});

function answer(
  folder: TemporaryFolder,
  words: readonly string[],
  answers: readonly (readonly [string, string])[],
): Promise<{ status: number; shown: string }> {
  const helper = join(ROOT, 'test/support/answer-in-terminal.py');
  const program = [process.execPath, join(ROOT, 'bin/mailferry.js'), ...words];
  const env = { PATH: process.env['PATH'], HOME: folder.path, LANG: 'C.UTF-8', TERM: 'xterm' };
  return new Promise((resolve) => {
    execFile(
      'python3',
      [helper, JSON.stringify(answers), ...program],
      { cwd: folder.path, env },
      (error, stdout) => {
        resolve({ status: error === null ? 0 : Number(error.code), shown: stdout });
      },
    );
  });
}
