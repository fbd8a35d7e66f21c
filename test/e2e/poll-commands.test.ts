import { execFileSync } from 'node:child_process';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];
const users = {
  alice: { password: 'secret', messages: MAIL },
  bob: { password: 'secret', messages: MAIL.slice(1) },
};

const NOTES = 'echo "$MAILFERRY_COUNT for $MAILFERRY_ACCOUNTS" >> runs';

/** A command that reads it runs until it is closed by whoever writes to it. */
function makePipe(folder: TemporaryFolder): void {
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', folder.at('pipe')]);
}

/** What the command has noted, a line for each run. */
async function runs(folder: TemporaryFolder): Promise<string> {
  return readFile(folder.at('runs'), 'utf8').catch(() => '');
}

/** Two accounts of the server, with these keys. */
function writeAccounts(
  folder: TemporaryFolder,
  { address: { port } }: Pop3Server,
  keys: Readonly<Record<string, unknown>>,
): Promise<void> {
  return writeDaemonConfiguration(folder.path, { alice: { port, ...keys }, bob: { port, ...keys } });
}

function fetch(folder: TemporaryFolder, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram(['fetch', ...words], { cwd: folder.path });
}

describe('the command after mail of fetch', () => {
  it('runs once for all accounts that name it, when all mail is safe, and not when none has come', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const afterMail = `${NOTES}; ls alice/new bob/new | grep -c . >> runs; echo out; echo err >&2`;
    await writeAccounts(folder, server, { afterMail });
    expect(await fetch(folder, '--dry-run')).toMatchObject({ status: 0 });
    expect(await runs(folder)).toBe('');
    const { status, stdout, stderr } = await fetch(folder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/\nalice, bob: afterMail runs for 3 messages …\n$/);
    // Three files below two headings.
    expect(await runs(folder)).toBe('3 for alice bob\n5\n');
    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    server.maildrop('bob').add(MAIL[0] ?? '');
    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await runs(folder)).toBe('3 for alice bob\n5\n1 for bob\n6\n');
  });

  it('I9: that fails undoes nothing, is told, and runs again at the next fetch, also when nothing is new', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeAccounts(folder, server, {
      afterMail: `${NOTES}; test -e mended || { echo locked >&2; exit 3; }`,
    });
    const first = await fetch(folder, '--json');
    expect(first.status).toBe(75);
    const reports = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { account: string });
    // They come as the polls end.
    expect(reports.toSorted((one, other) => one.account.localeCompare(other.account))).toEqual([
      expect.objectContaining({ account: 'alice', outcome: 'ok', fetched: 2, deleted: 2, error: null }),
      expect.objectContaining({ account: 'bob', outcome: 'ok', fetched: 1, deleted: 1, error: null }),
    ]);
    expect(first.stderr).toMatch(/^alice, bob: .* the afterMail command ended with status 3\.\n.*locked/);
    expect(server.maildrop('alice').messages).toEqual([]);

    const shown = await runProgram(['status'], { cwd: folder.path });
    expect(shown.status).toBe(75);
    expect(shown.stdout).toContain('2 of 2 accounts need a look');
    const [status] = (
      JSON.parse((await runProgram(['status', '--json'], { cwd: folder.path })).stdout) as {
        accounts: readonly object[];
      }
    ).accounts;
    expect(status).toMatchObject({
      state: 'ok',
      afterMail: { waiting: 2, failures: 1, error: { code: 'after-mail-failed' } },
    });

    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 75, stdout: '' });
    await writeFile(folder.at('mended'), '');
    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 0 });
    expect(await runs(folder)).toBe('3 for alice bob\n'.repeat(3));
    expect(await runProgram(['status'], { cwd: folder.path })).toMatchObject({ status: 0 });
  });

  it('I3: runs at the next fetch where the one before was killed while it ran', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    makePipe(folder);
    await writeAccounts(folder, server, { afterMail: `${NOTES}; cat pipe` });
    const { process: child, ended } = startProgram(['fetch'], { cwd: folder.path });
    const writing = await open(folder.at('pipe'), 'w');
    child.kill('SIGKILL');
    await ended;
    await writing.close();
    await writeAccounts(folder, server, { afterMail: NOTES });
    expect(await fetch(folder)).toMatchObject({ status: 0 });
    expect(await runs(folder)).toBe('3 for alice bob\n'.repeat(2));
  });

  it('is asked to end at a second signal, and is owed to the next fetch', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    makePipe(folder);
    await writeAccounts(folder, server, {
      afterMail: `trap 'echo ended >> runs; exit 1' TERM; ${NOTES}; cat pipe`,
    });
    const { process: child, ended } = startProgram(['fetch'], { cwd: folder.path });
    await using _writing = await open(folder.at('pipe'), 'w');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    const { status, stderr } = await ended;
    expect([128 + 2, 128 + 15]).toContain(status);
    expect(stderr).toBe('');
    expect(await runs(folder)).toBe('3 for alice bob\nended\n');
    await writeAccounts(folder, server, { afterMail: NOTES });
    await fetch(folder);
    expect(await runs(folder)).toContain('ended\n3 for alice bob\n');
  });
});

describe('the command after mail of the daemon', () => {
  it('runs after a poll with mail, and what it says is in the log', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeAccounts(folder, server, { afterMail: `${NOTES}; echo indexed` });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^The afterMail command has run for .*It said: indexed/);
    expect(await daemon.end()).toMatchObject({ status: 0 });
  });

  it('that fails is in the log and the status of the daemon', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeAccounts(folder, server, { afterMail: 'echo locked >&2; exit 1' });
    await using daemon = new RunningDaemon(folder.path);
    const line = await daemon.logged(/the afterMail command ended with status 1/);
    expect(line).toMatchObject({ level: 'warn', msg: expect.stringContaining('locked') as string });
    expect(await daemon.ask('status')).toMatchObject({
      status: 75,
      stdout: expect.stringContaining('afterMail command ended with status 1') as string,
    });
  });

  it('has shutdownGrace to end, is ended then, and runs at the next start', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    makePipe(folder);
    const port = server.address.port;
    const write = (afterMail: string): Promise<void> =>
      writeDaemonConfiguration(folder.path, { alice: { port, afterMail } }, { shutdownGrace: '1s' });
    await write(`${NOTES}; cat pipe`);
    await using daemon = new RunningDaemon(folder.path);
    await using _writing = await open(folder.at('pipe'), 'w');
    expect(await daemon.end()).toMatchObject({ status: 0 });
    expect(daemon.log.filter(({ level }) => level === 'warn')).toEqual([]);
    await write(NOTES);
    await using next = new RunningDaemon(folder.path);
    await next.logged(/^The afterMail command has run for alice/);
    expect(await runs(folder)).toBe('2 for alice\n'.repeat(2));
  });
});

describe('the command before a connection', () => {
  it('that fails fails the poll of its account alone, before the server sees anything, and is no refused login', async () => {
    await using folder = await temporaryFolder();
    let connections = 0;
    await using server = await createServer({
      users,
      observe: ({ kind }) => void (connections += Number(kind === 'opened')),
    });
    const { port } = server.address;
    const alice = { port, allowCleartext: true, preconnect: 'test -e way || { echo no way >&2; exit 4; }' };
    await writeDaemonConfiguration(folder.path, { alice });
    for (let poll = 0; poll < 4; poll += 1) {
      const { status, stdout } = await fetch(folder, '--json', '--quiet');
      expect(status).toBe(69);
      expect(JSON.parse(stdout)).toMatchObject({
        outcome: 'failed',
        error: { code: 'preconnect-failed', hint: expect.stringContaining('It said: no way') as string },
      });
    }
    expect(connections).toBe(0);
    await writeFile(folder.at('way'), '');
    await writeDaemonConfiguration(folder.path, { alice, bob: { port } });
    expect(await fetch(folder, '--quiet')).toMatchObject({ status: 0 });
    await rm(folder.at('way'));
    server.maildrop('bob').add(MAIL[0] ?? '');
    expect(await fetch(folder)).toMatchObject({
      status: 69,
      stdout: expect.stringContaining('bob: 1 new') as string,
    });
    expect(await readdir(folder.at('alice/new'))).toHaveLength(2);
  });

  it('opens the way for a poll, a dry run and doctor, each time it is needed', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    // A port of its own that leads to the server for one connection, as ssh -L would.
    await writeFile(folder.at('way.mjs'), WAY);
    const way = `${process.execPath} way.mjs ${server.address.port}`;
    const free = await freePort();
    await writeDaemonConfiguration(folder.path, {
      alice: {
        port: free,
        allowCleartext: true,
        preconnect: `echo $MAILFERRY_PORT >> runs; ${way} $MAILFERRY_PORT`,
      },
    });
    expect(await fetch(folder, '--dry-run')).toMatchObject({ status: 0 });
    const examined = await runProgram(['doctor', '--json'], { cwd: folder.path });
    const { steps } = JSON.parse(examined.stdout) as { steps: readonly { step: string; state: string }[] };
    expect(steps.slice(0, 3)).toMatchObject([
      { step: 'password' },
      { step: 'preconnect', state: 'good' },
      { step: 'name' },
    ]);
    expect(await fetch(folder)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 new') as string,
    });
    expect(await runs(folder)).toBe(`${free}\n`.repeat(3));
  });

  it('that fails is what doctor names, with the remedy; check finds a program that is missing, and runs none', async () => {
    await using folder = await temporaryFolder();
    const write = (preconnect: string): Promise<void> =>
      writeDaemonConfiguration(folder.path, {
        alice: { port: 1, allowCleartext: true, preconnect, afterMail: 'nomuch new' },
      });
    await write('touch runs; exit 2');
    const { status, stdout } = await runProgram(['doctor', '--json'], { cwd: folder.path });
    expect(status).toBe(69);
    expect((JSON.parse(stdout) as { steps: readonly object[] }).steps.at(-1)).toMatchObject({
      step: 'preconnect',
      state: 'wrong',
      code: 'preconnect-failed',
    });
    await rm(folder.at('runs'));
    await write('touch runs');
    const checked = await runProgram(['check'], { cwd: folder.path });
    expect(checked.stdout).toContain('There is no program nomuch');
    expect(await readdir(folder.path)).not.toContain('runs');
  });

  it.each([
    ['fetch', 143],
    ['doctor', 143],
    ['run', 0],
  ] as const)('ends when %s is told to', async (command, status) => {
    await using folder = await temporaryFolder();
    makePipe(folder);
    const alice = { port: 1, allowCleartext: true, preconnect: 'cat pipe' };
    await writeDaemonConfiguration(folder.path, { alice: { ...alice, schedule: 'every 1h' } });
    const { process: child, ended } = startProgram([command], { cwd: folder.path });
    await using _running = await open(folder.at('pipe'), 'w');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ status });
  });
});

/** Starts itself in the background, and ends when that one listens. */
const WAY = `
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
const [to, at, isBehind] = process.argv.slice(2);
if (isBehind === undefined) {
  const child = spawn(process.execPath, [process.argv[1], to, at, 'behind'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => process.exit(0));
} else {
  const server = createServer((near) => {
    const far = connect(Number(to), '127.0.0.1');
    near.pipe(far).pipe(near);
    server.close();
  });
  server.listen(Number(at), '127.0.0.1', () => console.log('open'));
  setTimeout(() => process.exit(1), 60_000).unref();
}
`;

async function freePort(): Promise<number> {
  await using server = await createServer({ users: {} });
  return server.address.port;
}
