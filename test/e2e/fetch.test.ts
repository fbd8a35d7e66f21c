import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { type Ended, runProgram, writeConfiguration } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\n.dot\r\nsecond\r\n'];

const users = { alice: { password: 'secret', messages: MAIL } };

describe('mailferry fetch', () => {
  it('carries new mail, empties the server, and has nothing to do the second time', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port });

    const first = await runProgram(['fetch'], { cwd: folder.path });
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(/^me: 2 new messages \(53 B\), 2 deleted on the server, in [\d.]+ s\n$/);
    expect(await bodies(join(folder.path, 'Mail/new'))).toEqual(
      MAIL.map((text) => text.replaceAll('\r\n', '\n')),
    );
    expect(server.maildrop('alice').messages).toEqual([]);

    const second = await runProgram(['fetch'], { cwd: folder.path });
    expect(second.stdout).toMatch(/^me: nothing new, in [\d.]+ s\n$/);
    expect(await readdir(join(folder.path, 'Mail/tmp'))).toEqual([]);
  });

  it('keeps mail on the server with "delete: never", and carries only what is added', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port, delete: 'never' });
    const fetched: number[] = [];
    for (const before of [undefined, undefined, 'Subject: three\r\n\r\nthird\r\n']) {
      if (before !== undefined) server.maildrop('alice').add(before);
      const { stdout } = await runProgram(['fetch', '--json'], { cwd: folder.path });
      fetched.push((JSON.parse(stdout) as { fetched: number }).fetched);
    }
    expect(fetched).toEqual([2, 0, 1]);
    expect(server.maildrop('alice').messages.length).toBe(3);
  });

  it('--json prints one documented object per account and nothing else', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port });
    const { stdout, stderr, status } = await runProgram(['fetch', '--json'], { cwd: folder.path });
    expect({ ...(JSON.parse(stdout) as object), durationMs: 0, timings: {} }).toEqual({
      account: 'me',
      outcome: 'ok',
      listed: 2,
      fetched: 2,
      bytes: 53,
      deleted: 2,
      kept: 0,
      skipped: 0,
      tooLarge: 0,
      quarantined: 0,
      durationMs: 0,
      timings: {},
      error: null,
    });
    expect(stdout.trimEnd().split('\n').length).toBe(1);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  it('--quiet says nothing when all is well, and says what is wrong otherwise', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port });
    expect(await runProgram(['fetch', '-q'], { cwd: folder.path })).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    await server.close();
    const { status, stdout, stderr } = await runProgram(['fetch', '-q'], { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toMatch(
      /^me: failed: Cannot reach 127\.0\.0\.1:\d+: connection refused\.\n {2}→ Check "port"/,
    );
  });

  it('--dry-run shows the plan, sends neither RETR nor DELE, and delivers nothing', async () => {
    await using folder = await temporaryFolder();
    const commands: string[] = [];
    await using server = await createServer({
      users,
      observe: (event) => void (event.kind === 'command' && commands.push(event.line)),
    });
    await writeConfiguration(folder.path, { port: server.address.port });
    const { status, stdout } = await runProgram(['fetch', '--dry-run'], { cwd: folder.path });
    expect(status).toBe(0);
    expect(stdout).toContain(
      'a poll would retrieve 2 messages (53 B) and then delete them on the server, and delete 0 messages',
    );
    expect(stdout).toContain('two');
    expect(commands.filter((line) => /^(RETR|DELE)/i.test(line))).toEqual([]);
    expect(commands).toContain('TOP 1 0');
    expect(await readdir(folder.path)).toEqual(['mailferry.yaml', 'state']);
    expect((await runProgram(['fetch', '--json'], { cwd: folder.path })).stdout).toContain('"fetched":2');
  });

  it('does not log in to a server that wants more time between two logins, and says how long', async () => {
    await using folder = await temporaryFolder();
    let logins = 0;
    await using server = await createServer({
      users,
      loginDelay: 600,
      observe: ({ kind }) => void (logins += kind === 'entered' ? 1 : 0),
    });
    await writeConfiguration(folder.path, { port: server.address.port });
    expect((await runProgram(['fetch'], { cwd: folder.path })).status).toBe(0);
    const { status, stderr } = await runProgram(['fetch'], { cwd: folder.path });
    expect(stderr).toMatch(/127\.0\.0\.1 wants 600 s between two logins, and \d+ s of them are left/);
    expect({ status, logins }).toEqual({ status: 75, logins: 1 });
  });

  it('polls only the accounts that are named, and says which there are when one is not', async () => {
    await using folder = await temporaryFolder();
    await writeConfiguration(folder.path, { port: 1 });
    const { status, stderr } = await runProgram(['fetch', 'you'], { cwd: folder.path });
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr: 'mailferry: There is no account named "you".\n  → The configuration has: me.\n',
    });
  });
});

interface Failure {
  readonly title: string;
  readonly account?: Readonly<Record<string, unknown>>;
  readonly prepare?: (folder: string) => Promise<unknown>;
  readonly status: number;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    title: 'a wrong password',
    account: { password: 'wrong' },
    status: 77,
    code: 'login-refused',
    message: /^The server refused the login of "alice", saying "\[AUTH\]/,
    hint: /^Check "user" and "password"/,
  },
  {
    title: 'STLS that is not offered',
    account: { tls: 'starttls' },
    status: 76,
    code: 'tls',
    message: /does not offer STLS/,
    hint: /^Use "tls: implicit"/,
  },
  {
    title: 'a destination that is a file',
    account: { deliver: { type: 'maildir', path: './file' } },
    prepare: (folder) => writeFile(join(folder, 'file'), ''),
    status: 73,
    code: 'destination-unusable',
    message: /^Cannot write to .*\/file: a part of the path is not a folder\.$/,
    hint: /^Check "path"; the messages are still on the server/,
  },
  {
    title: 'an mbox path that is a folder',
    account: { deliver: { type: 'mbox', path: './folder' } },
    prepare: (folder) => mkdir(join(folder, 'folder')),
    status: 73,
    code: 'destination-unusable',
    message: /^Cannot write to .*\/folder: it is a folder\.$/,
    hint: /^Check "path"/,
  },
];

describe('when something is wrong', () => {
  it.each(FAILURES)(
    '$title: exit $status, what is wrong, what to do, and nothing is lost',
    async (failure) => {
      await using folder = await temporaryFolder();
      await using server = await createServer({ users });
      await failure.prepare?.(folder.path);
      await writeConfiguration(folder.path, { port: server.address.port, ...failure.account });
      const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder.path });
      const { outcome, error } = JSON.parse(stdout) as { outcome: string; error: Record<string, string> };
      expect({ status, outcome, code: error['code'] }).toEqual({
        status: failure.status,
        outcome: 'failed',
        code: failure.code,
      });
      expect(error['message']).toMatch(failure.message);
      expect(error['hint']).toMatch(failure.hint);
      expect(server.maildrop('alice').messages.length).toBe(2);
    },
  );

  it('a certificate for another name: exit 76, and no password is sent', async () => {
    await using folder = await temporaryFolder();
    const commands: string[] = [];
    await using server = await createServer({
      users,
      tls: certificate({ names: ['other.example'] }),
      tlsPort: 0,
      observe: (event) => void (event.kind === 'command' && commands.push(event.line)),
    });
    await writeFile(
      join(folder.path, 'ca.pem'),
      (await import('../support/certificates.ts')).authority().cert,
    );
    await writeConfiguration(folder.path, {
      port: server.tlsAddress?.port,
      tls: 'implicit',
      caFile: './ca.pem',
    });
    const { status, stderr } = await runProgram(['fetch'], { cwd: folder.path });
    expect(status).toBe(76);
    expect(stderr).toMatch(
      /The certificate is not for "127\.0\.0\.1", but for other\.example\.\n {2}→ Set "host"/,
    );
    expect(commands).toEqual([]);
  });

  it('a server that is no POP3 server: exit 76, and no password is sent', async () => {
    await using folder = await temporaryFolder();
    const received: Buffer[] = [];
    const peer = createTcpServer((socket) => {
      socket.on('data', (block) => received.push(block)).on('error', () => undefined);
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const { port } = peer.address() as { port: number };
    await writeConfiguration(folder.path, { port });
    const { status, stderr } = await runProgram(['fetch'], { cwd: folder.path });
    peer.close();
    expect(status).toBe(76);
    expect(stderr).toContain('Neither +OK nor -ERR but "SSH-2.0-OpenSSH_9.2" came');
    expect(Buffer.concat(received).toString()).toBe('');
  });

  it('an unknown key, and all else that is wrong in the configuration, with its place: exit 78', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'mailferry.yaml');
    await writeFile(
      path,
      'accounts:\n  me:\n    hots: pop.example.org\n    user: me\n    password: { env: P }\n',
    );
    const { status, stderr } = await runProgram(['check'], { cwd: folder.path });
    expect(status).toBe(78);
    expect(stderr).toMatch(/mailferry\.yaml:3:5: .*"hots".*"host"/);
    expect(stderr).toContain('"delete"');
    expect(stderr).toContain('"deliver"');
  });

  it('a password that others can read: exit 78, and how to mend it', async () => {
    await using folder = await temporaryFolder();
    await chmod(await writeConfiguration(folder.path, { port: 1 }), 0o644);
    const { status, stderr } = await runProgram(['fetch'], { cwd: folder.path });
    expect(status).toBe(78);
    expect(stderr).toMatch(/chmod 600/);
    expect(stderr).not.toContain('secret"');
  });

  it('an option that does not exist: exit 64', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runProgram(['fetch', '--fast'], { cwd: folder.path });
    expect(status).toBe(64);
    expect(stderr).toContain("unknown option '--fast'");
  });

  it('gives up logins after three refused ones, until somebody names the account', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeConfiguration(folder.path, { port: server.address.port, password: 'wrong' });
    const fetchWith = (...words: readonly string[]): Promise<Ended> =>
      runProgram(['fetch', ...words], { cwd: folder.path });
    for (let poll = 0; poll < 3; poll += 1) expect((await fetchWith('--quiet')).status).toBe(77);
    for (const words of [['--quiet'], ['--quiet', 'me']]) {
      const given = await fetchWith(...words);
      expect(given).toMatchObject({ status: 77, stdout: '' });
      expect(given.stderr).toMatch(/^me: failed: .* only once a day.*\n.* mailferry fetch me\n$/);
    }
    expect((await fetchWith('me')).stderr).toMatch(/^me: failed: The server refused the login/);
  });

  it('two of them at the same time: the second one ends with 75 and leaves the first alone', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({
      users,
      faults: [{ do: 'stall', command: 'RETR', sessions: 1 }],
    });
    await writeConfiguration(folder.path, { port: server.address.port, timeouts: { idle: '3s' } });
    const first = runProgram(['fetch'], { cwd: folder.path });
    await expect
      .poll(() => readFile(join(folder.path, 'state/owner.lock')).catch(() => undefined), { timeout: 60_000 })
      .toBeDefined();
    const [second, forPrograms, fromCron] = await Promise.all(
      [[], ['--json'], ['--quiet']].map((words) => runProgram(['fetch', ...words], { cwd: folder.path })),
    );
    expect(second).toMatchObject({ status: 75, stdout: '' });
    expect(second?.stderr).toMatch(/^mailferry: Another Mailferry is at work with /);
    expect(fromCron).toMatchObject({ status: 75, stdout: '', stderr: '' });
    expect(forPrograms).toMatchObject({ status: 75, stderr: second?.stderr });
    expect(JSON.parse(forPrograms?.stdout ?? '')).toMatchObject({
      account: 'me',
      outcome: 'failed',
      error: { code: 'already-running' },
    });
    expect((await first).status).toBe(69);
    expect((await runProgram(['fetch', '--json'], { cwd: folder.path })).stdout).toContain('"fetched":2');
  });
});

async function bodies(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))).toSorted();
}
