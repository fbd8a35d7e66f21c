import { on, once } from 'node:events';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { NotifySocket, RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];
const users = { alice: { password: 'secret', messages: MAIL }, bob: { password: 'secret' } };
const OTHER = 'Subject: three\r\n\r\nthird\r\n';

describe('mailferry run', () => {
  it('polls on schedule, says so in one line per poll, and ends properly on SIGTERM', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    await using daemon = new RunningDaemon(folder.path);
    expect(await daemon.logged(/^poll finished: 2 new/)).toMatchObject({
      account: 'alice',
      outcome: 'ok',
      fetched: 2,
      deleted: 2,
      timings: { connectMs: expect.any(Number), deleteMs: expect.any(Number) },
    });
    server.maildrop('alice').add(OTHER);
    await daemon.logged(/^poll finished: 1 new/);
    expect(await daemon.end()).toMatchObject({ status: 0, stdout: '' });
    expect(daemon.log.at(-1)).toMatchObject({ msg: 'the daemon has ended' });
    expect(await readdir(folder.at('alice/new'))).toHaveLength(3);
  });

  it('lets only its owner use its socket, and clears one away that a killed daemon left', async () => {
    await using folder = await temporaryFolder();
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } });
    {
      await using killed = new RunningDaemon(folder.path);
      await killed.logged(/^the daemon runs/);
    }
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^the daemon runs/);
    const modes = [folder.at('state/control'), folder.at('state/control/daemon.sock')].map(
      // oxlint-disable-next-line no-bitwise -- the permission bits
      async (path) => (await stat(path)).mode & 0o777,
    );
    expect(await Promise.all(modes)).toEqual([0o700, 0o600]);
    expect(await daemon.ask('status', '--alive')).toMatchObject({ status: 0 });
    await daemon.end();
    expect(await runProgram(['status', '--alive'], { cwd: folder.path })).toMatchObject({ status: 69 });
  });

  it('breaks off what runs at a second signal', async () => {
    await using folder = await temporaryFolder();
    const asked = new AbortController();
    await using silent = await rawPeer(async (line) => {
      await line.send('+OK\r\n');
      await line.line();
      asked.abort();
      await line.closed();
    });
    await writeDaemonConfiguration(folder.path, { alice: { port: silent.port } }, { shutdownGrace: '1h' });
    await using daemon = new RunningDaemon(folder.path);
    await once(asked.signal, 'abort');
    daemon.signal('SIGTERM');
    await daemon.logged(/^the daemon ends/);
    daemon.signal('SIGTERM');
    expect(await daemon.running.ended).toMatchObject({ status: 0 });
  });

  it('deletes on request what it would ask for, and says what to do where a command wants the ledger', async () => {
    await using folder = await temporaryFolder();
    const messages = Array.from({ length: 120 }, (_, index) => `Subject: ${index}\r\n\r\nbody\r\n`);
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    const { port } = server.address;
    await writeDaemonConfiguration(folder.path, { alice: { port, delete: 'never' }, bob: { port } });
    await runProgram(['fetch', 'alice'], { cwd: folder.path });
    await writeDaemonConfiguration(folder.path, { alice: { port }, bob: { port } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^poll finished: .*120 kept/);

    const remedies = [
      'fetch --confirm-delete alice',
      'fetch --dry-run --confirm-delete',
      'adopt --none bob',
      'refetch --missing alice',
    ];
    const said = await Promise.all(remedies.map((words) => daemon.ask(...words.split(' '))));
    expect(said.map(({ status }) => status)).toEqual([75, 75, 75, 75]);
    expect(said.map(({ stderr }) => stderr.split('). ')[1])).toEqual([
      'To let it poll now: mailferry poll --confirm-delete alice\n',
      'To let it poll now: mailferry poll\n',
      'Stop it, then: mailferry adopt --none bob; then start it again.\n',
      'Stop it, then: mailferry refetch --missing alice; then start it again.\n',
    ]);
    expect(await daemon.ask('verify', 'alice')).toMatchObject({ status: 0 });
    expect(await daemon.ask('poll', '--confirm-delete', 'alice')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('120 deleted on the server'),
    });
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  it('works without the socket where it cannot have one', async () => {
    await using folder = await temporaryFolder();
    const controlSocket = `./${'x'.repeat(120)}`;
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } }, { controlSocket });
    await using daemon = new RunningDaemon(folder.path);
    expect(await daemon.logged(/too long for a socket/)).toMatchObject({ level: 'warn' });
    await daemon.logged(/^poll finished/);
    expect(await daemon.end()).toMatchObject({ status: 0 });
  });
});

describe('the commands that ask the daemon', () => {
  it('poll now, pause, resume and show how it is', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const { port } = server.address;
    const schedule = 'every 1h';
    await writeDaemonConfiguration(folder.path, {
      alice: { port, schedule },
      bob: { port, schedule, password: 'x' },
    });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/refused the login/);
    await daemon.logged(/^poll finished: 2 new/);
    server.maildrop('alice').add(OTHER);

    expect(await daemon.ask('poll', 'alice')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^alice: 1 new message \(/),
    });
    expect(await daemon.ask('poll', 'carol')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('no account named "carol"'),
    });
    expect(await daemon.ask('status', 'alice', 'carol')).toMatchObject({
      status: 64,
      stdout: '',
      stderr: expect.stringContaining('The daemon has no account named "carol"'),
    });
    expect(await daemon.ask('fetch')).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('mailferry poll'),
    });
    await daemon.ask('pause', 'alice');
    const status = await daemon.ask('status');
    expect(status.status).toBe(77);
    expect(status.stdout).toMatch(/^The daemon has run for .*1 of 2 accounts needs a look\n/);
    expect(status.stdout).toMatch(/‖ alice +paused .*3 \(/);
    expect(status.stdout).toMatch(/✗ bob +failing +.* ago +in (59|60) min|✗ bob +failing +.* ago +in 1 h/);
    expect(status.stdout).toContain('→ Check "user" and "password"');
    expect(Math.max(...status.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await daemon.ask('resume')).toMatchObject({ stdout: 'polled on schedule again: alice\n' });

    const json = JSON.parse((await daemon.ask('status', '--json', 'alice')).stdout) as object;
    expect(json).toMatchObject({
      daemon: { pid: daemon.process.pid, stopping: false },
      accounts: [{ account: 'alice', state: 'ok', delivered: { messages: 3 }, failures: 0, action: null }],
    });
    await daemon.end();
    const without = await daemon.ask('status');
    expect(without.stdout).toMatch(/^No daemon answers; this is what the ledger knows\./);
    expect(without.stdout).toMatch(/✓ alice +ok .* – +3 \(/);
    expect(await daemon.ask('poll')).toMatchObject({ status: 69 });
  });

  it('show its log, and go on with it', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^poll finished: 2 new/);
    const { stdout } = await daemon.ask('logs', 'alice');
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d INFO {2}alice: poll finished: 2 new messages/);
    const unknown = await daemon.ask('logs', 'alice', 'nosuch');
    expect(unknown).toMatchObject({ status: 64, stdout: '' });
    expect(unknown.stderr).toContain('The daemon has no account named "nosuch".');
    const words = ['logs', '--follow', '--json', '-n', '1'];
    const { process: follower, ended } = startProgram(words, { cwd: folder.path });
    const printed = on(follower.stdout ?? expect.fail('it prints nowhere'), 'data');
    // The last line so far, however long its start took, and one that it has followed.
    await printed.next();
    await printed.next();
    await daemon.end();
    const lines = (await ended).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.at(-1)?.msg).toMatch(/^poll finished|^the daemon/);
  });
});

describe('while the configuration has faults', () => {
  it.each([
    ['a key is unknown', (text: string) => text.replace('"stateDir"', '"hots": 1, "stateDir"')],
    ['it is no YAML', () => 'stateDir: ./state\naccounts: { alice\n'],
  ])('because %s, the commands that ask the daemon go on, and say so', async (_, spoil) => {
    await using folder = await temporaryFolder();
    await writeDaemonConfiguration(folder.path, { alice: { port: 1, schedule: 'every 1h' } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^poll finished/);
    const path = folder.at('mailferry.yaml');
    await writeFile(path, spoil(await readFile(path, 'utf8')));
    const status = await daemon.ask('status');
    expect(status.stdout).toMatch(/✗ alice +failing/);
    expect(status).toMatchObject({
      status: 78,
      stderr: expect.stringMatching(/^note: the configuration has faults/),
    });
    expect((await daemon.ask('logs')).stdout).toContain('alice: poll finished: Cannot reach');
    expect(await daemon.ask('status', '--alive')).toMatchObject({ status: 0 });
    expect(await daemon.ask('reload')).toMatchObject({ status: 78 });
    await daemon.end();
    expect(await daemon.ask('status')).toMatchObject({ status: 78 });
  });

  it('and it cannot be told where the daemon is, that is said', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('mailferry.yaml'), '{ "stateDir": "./state"');
    for (const words of [['status', '--alive'], ['logs'], ['status']]) {
      expect(await runProgram(words, { cwd: folder.path })).toMatchObject({
        status: 78,
        stderr: expect.stringContaining('Until then it is not known where the daemon is to be asked.'),
      });
    }
  });
});

describe('a reload', () => {
  it('takes over a configuration that is right, and refuses one that is wrong', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const { port } = server.address;
    await writeDaemonConfiguration(folder.path, { alice: { port } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^poll finished/);
    await writeFile(folder.at('mailferry.yaml'), 'stateDir: ./state\naccounts: { alice: { hots: x } }');
    daemon.signal('SIGHUP');
    expect(await daemon.logged(/^the old configuration stays in force/)).toMatchObject({ level: 'error' });
    expect(await daemon.ask('status')).toMatchObject({ status: 78 });
    expect(await daemon.ask('status', '--alive')).toMatchObject({ status: 0 });
    await daemon.logged(/^poll finished/, daemon.log.length);
    await writeDaemonConfiguration(folder.path, { alice: { port }, bob: { port } });
    expect(await daemon.ask('reload', '--json')).toMatchObject({
      status: 0,
      stdout: '{"added":["bob"],"removed":[],"rescheduled":[],"needRestart":[]}\n',
    });
    await daemon.end();
    expect(daemon.log.some(({ account }) => account === 'bob')).toBe(true);
  });

  it('says, as often as it is asked, what a restart is still needed for', async () => {
    await using folder = await temporaryFolder();
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^the daemon runs/);
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } }, { log: { level: 'debug' } });
    for (let reloads = 0; reloads < 2; reloads += 1) {
      expect((await daemon.ask('reload', '--json')).stdout).toContain('"needRestart":["log"]');
    }
  });

  it('opens the log file anew, as logrotate wants it', async () => {
    await using folder = await temporaryFolder();
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } }, { log: { file: './ferry.log' } });
    await using daemon = new RunningDaemon(folder.path);
    const alive = async (): Promise<boolean> => (await daemon.ask('status', '--alive')).status === 0;
    while (!(await alive()));
    await rename(folder.at('ferry.log'), folder.at('ferry.log.1'));
    await daemon.ask('reload');
    await daemon.end();
    expect(await readFile(folder.at('ferry.log.1'), 'utf8')).toContain('the daemon runs');
    const log = await readFile(folder.at('ferry.log'), 'utf8');
    expect(log).toContain('the daemon has ended');
    expect(log).not.toContain('the daemon runs');
  });
});

describe('under systemd', () => {
  beforeEach(requirePrograms('systemd-notify', 'python3'));

  it.each(['./notify.sock', '@mailferry-test'])(
    'says that it is ready, how it is, that it lives, reloads and stops, at the socket %s',
    async (name) => {
      await using folder = await temporaryFolder();
      const address = name.startsWith('@') ? `${name}-${process.pid}` : folder.at(name);
      await using manager = await NotifySocket.at(address);
      await writeDaemonConfiguration(folder.path, { alice: { port: 1 } });
      const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '400000' };
      await using daemon = new RunningDaemon(folder.path, { env });
      await manager.hears('READY=1');
      await manager.hears('STATUS=1 account');
      await manager.hears('WATCHDOG=1');
      daemon.signal('SIGHUP');
      await manager.hears('RELOADING=1');
      await manager.hears('MONOTONIC_USEC=');
      await manager.hears('READY=1', manager.told.indexOf('RELOADING=1'));
      await daemon.end();
      await manager.hears('STOPPING=1');
      expect(manager.told).toContain('READY=1');
    },
  );

  it('goes on where systemd cannot be told', async () => {
    await using folder = await temporaryFolder();
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } });
    await using daemon = new RunningDaemon(folder.path, {
      env: { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' },
    });
    expect(await daemon.logged(/^systemd cannot be told/)).toMatchObject({ level: 'warn' });
    await daemon.logged(/^poll finished/);
    expect(await daemon.end()).toMatchObject({ status: 0 });
  });
});
