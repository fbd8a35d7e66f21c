import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, '../../bin/mailferry.js');
const EXAMPLES = join(import.meta.dirname, '../../examples');
const MANUAL = join(import.meta.dirname, '../../docs/man');
const MAIL = ['Subject: one\r\n\r\nfirst\r\n'];
const users = { alice: { password: 'secret', messages: MAIL } };

const example = (name: string): Promise<string> => readFile(join(EXAMPLES, name), 'utf8');

/** The value of a line `KEY=VALUE` of a unit. */
function valueOf(unit: string, key: string): string {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? expect.fail(`no ${key}`);
}

/** A folder with `mailferry` in its `bin`, as `npm link` puts it on the PATH. */
async function installed(folder: TemporaryFolder): Promise<string> {
  await mkdir(folder.at('bin'));
  await symlink(PROGRAM, folder.at('bin/mailferry'));
  return `${folder.at('bin')}:${process.env['PATH']}`;
}

describe('the systemd units', () => {
  beforeEach(requirePrograms('systemd-analyze'));

  it.each(['systemd/mailferry.service', 'systemd/mailferry@.service', 'systemd/mailferry-user.service'])(
    'of %s are understood by systemd, and well locked up where they run for the system',
    async (name) => {
      await using folder = await temporaryFolder();
      const unit = await example(name);
      await writeFile(folder.at('program'), '#!/bin/sh\n', { mode: 0o755 });
      const path = folder.at(name.replace('systemd/', '').replace('@', '@root'));
      await writeFile(path, unit.replaceAll('/usr/local/bin/mailferry', folder.at('program')));
      const { stderr } = await run('systemd-analyze', ['verify', '--man=no', path]);
      expect(stderr.split('\n').filter((line) => line.includes('mailferry'))).toEqual([]);
      const pages = [...valueOf(unit, 'Documentation').matchAll(/man:([\w.-]+)\((\d)\)/g)];
      expect(pages.map(([, page, section]) => existsSync(join(MANUAL, `${page}.${section}`)))).toEqual([
        true,
        true,
      ]);
      expect(valueOf(unit, 'KillMode')).toBe('mixed');
      if (name.includes('user')) return;
      const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--threshold=30', path]);
      expect(stdout).toMatch(/Overall exposure level/);
      expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
    },
  );

  it('start a daemon that carries mail with its password from a credential', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const unit = await example('systemd/mailferry.service');
    const credential = valueOf(unit, 'LoadCredential').split(':')[0] ?? '';
    await mkdir(folder.at('credentials'));
    await writeFile(folder.at('credentials', credential), 'secret\n', { mode: 0o644 });
    const password = { credential };
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port, password } }, {});
    const [program, command, ...words] = valueOf(unit, 'ExecStart').split(' ');
    expect([program, command]).toEqual(['/usr/local/bin/mailferry', 'run']);
    const env = { CREDENTIALS_DIRECTORY: folder.at('credentials'), STATE_DIRECTORY: folder.at('var') };
    const options = words.map((word) =>
      word.replace('/etc/mailferry/config.yaml', folder.at('mailferry.yaml')),
    );
    await using daemon = new RunningDaemon(folder.path, { env, words: options });
    await daemon.logged(/^poll finished: 1 new message/);
    const [kill, signal] = valueOf(unit, 'ExecReload').split(' ');
    expect([kill, signal]).toEqual(['/bin/kill', '-HUP']);
    expect(await daemon.end()).toMatchObject({ status: 0 });
    expect(await readdir(folder.at('alice/new'))).toHaveLength(1);
  });
});

describe('the line for cron', () => {
  it('carries mail in silence', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    const line = (await example('cron.d-mailferry')).split('\n').find((row) => row.startsWith('*/5')) ?? '';
    const command = line.split(' ').slice(6).join(' ');
    expect(command).toMatch(/^mailferry fetch/);
    const env = { PATH: await installed(folder), HOME: folder.path };
    const { stdout, stderr } = await run('/bin/sh', ['-c', command], { cwd: folder.path, env });
    expect([stdout, stderr]).toEqual(['', '']);
    expect(await readdir(folder.at('alice/new'))).toHaveLength(1);
  });
});

describe('the container', () => {
  it('is made with files and commands that there are', async () => {
    const text = await example('container/Dockerfile');
    const root = join(EXAMPLES, '..');
    const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    expect(copied.length).toBeGreaterThan(4);
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    expect(text).toMatch(/^USER node$/m);
    const check = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(text)?.[1] ?? '') as string[];
    const start = JSON.parse(/^CMD (\[.*\])$/m.exec(text)?.[1] ?? '') as string[];
    for (const words of [check.slice(1), start]) {
      const { stdout } = await run(process.execPath, [PROGRAM, words[0] ?? '', '--help']);
      for (const option of words.filter((word) => word.startsWith('--'))) expect(stdout).toContain(option);
    }
    expect(await example('container/compose.yml')).toMatch(/read_only: true/);
  });

  it('runs as process 1, without root and with one folder to write to: signals end it, nothing is left as a zombie', async (context) => {
    requirePrograms('unshare', 'setpriv')(context);
    requireRoot(context);
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    const password = { command: 'sleep 0; echo secret' };
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port, password } });
    await chmod(folder.path, 0o777);
    await chmod(folder.at('mailferry.yaml'), 0o644);
    const script = [
      'mount -o bind,ro / / 2>/dev/null || mount -o remount,bind,ro /',
      `mount -o bind ${folder.path} ${folder.path} && mount -o remount,bind,rw ${folder.path}`,
      'mount -t proc proc /proc',
      'exec setpriv --reuid=12345 --regid=12345 --clear-groups "$@"',
    ].join('\n');
    const under = ['unshare', '--pid', '--mount', '--fork', '--kill-child', 'sh', '-c', script, 'sh'];
    await using daemon = new RunningDaemon(folder.path, { under, env: { HOME: folder.path } });
    expect(await daemon.logged(/^the daemon runs/)).toMatchObject({ pid: 1 });
    await daemon.logged(/^poll finished: 1 new/);
    for (let polls = 0; polls < 3; polls += 1) await daemon.logged(/^poll finished/, daemon.log.length);
    const pid = await firstChildOf(daemon.process.pid ?? 0);
    expect(await childStates(pid)).not.toContain('Z');
    process.kill(pid, 'SIGTERM');
    expect(await daemon.running.ended).toMatchObject({ status: 0 });
    expect(daemon.log.at(-1)).toMatchObject({ msg: 'the daemon has ended' });
  });
});

async function firstChildOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}

/** The states of the children of a process, as one letter each. */
async function childStates(pid: number): Promise<string[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .trim()
    .split(' ')
    .filter(Boolean);
  const stats = await Promise.all(
    children.map((child) => readFile(`/proc/${child}/stat`, 'utf8').catch(() => '')),
  );
  return stats.map((stat) => / ([A-Z]) /.exec(stat.slice(stat.lastIndexOf(')')))?.[1] ?? '');
}

it('the OpenRC script starts a daemon without root, shows its state, reloads and stops it', async (context) => {
  requirePrograms('unshare', 'openrc-run', 'useradd')(context);
  requireRoot(context);
  await using folder = await temporaryFolder();
  await using server = await createServer({ users });
  await writeDaemonConfiguration(
    folder.path,
    { alice: { port: server.address.port, deliver: { type: 'maildir', path: '/var/lib/mailferry/Mail' } } },
    { stateDir: '/var/lib/mailferry' },
  );
  const script = join(import.meta.dirname, '../support/under-openrc.sh');
  const words = [script, join(EXAMPLES, 'openrc/mailferry'), PROGRAM, process.execPath];
  const under = ['--mount', '--pid', '--fork', '--kill-child', 'sh', ...words, folder.at('mailferry.yaml')];
  const { stdout } = await run('unshare', under);
  const [started, status, reloaded, stopped, logFile, state, ...log] = stdout.trim().split('\n');
  expect([started, status, reloaded, stopped]).toEqual(['start 0', 'status 0', 'reload 0', 'stop 0']);
  expect([logFile, state]).toEqual(['mailferry 600', 'mailferry 700']);
  const said = log.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(said.find((line) => line.startsWith('poll finished'))).toMatch(/1 new message/);
  expect(said).toContain('the configuration was read anew and is in force');
  expect(said.at(-1)).toBe('the daemon has ended');
});
