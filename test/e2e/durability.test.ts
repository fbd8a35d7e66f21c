import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, startProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const COUNT = 40;
const MAIL = Array.from({ length: COUNT }, (_, index) =>
  Buffer.from(
    `Message-ID: <${index}@mail.example>\r\nSubject: ${index}\r\n\r\n${'text\r\n'.repeat(index * 50)}`,
  ),
);

describe('I2: nothing is recorded before it is durable, nothing deleted before it is recorded', () => {
  beforeEach(requirePrograms('strace'));

  it('by the order of system calls: data fsync, rename, folder fsync, ledger fsync, DELE', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
    await writeConfiguration(folder.path, { port: server.address.port });
    const log = join(folder.path, 'trace');
    const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,write,writev';
    const under = ['strace', '-f', '-y', '-v', '-s', '4096', '-e', calls, '-o', log];
    expect(await runProgram(['fetch'], { cwd: folder.path, under })).toMatchObject({ status: 0 });

    const steps = readSteps(await readFile(log, 'latin1'));
    const deletions = steps.filter(({ kind }) => kind === 'DELE');
    const published = steps.filter(({ kind }) => kind === 'rename');
    expect([deletions.length, published.length]).toEqual([COUNT, COUNT]);
    const firstDeletion = deletions[0]?.at ?? 0;
    const lastCommit = steps.findLast(({ kind, at }) => kind === 'ledger' && at < firstDeletion)?.at ?? 0;
    for (const { at, name } of published) {
      const data = steps.find((step) => step.kind === 'data' && step.name === name && step.at < at);
      const directory = steps.find((step) => step.kind === 'folder' && step.from > at);
      const record = steps.find((step) => step.kind === 'ledger' && step.from > (directory?.at ?? Infinity));
      expect([data, directory, record]).not.toContain(undefined);
      expect(record?.at).toBeLessThanOrEqual(lastCommit);
    }
  });
});

describe('I3: killed at any time, nothing is lost, doubled, or left half', () => {
  it.each([
    ['maildir', { type: 'maildir', path: './Mail' }],
    ['mbox', { type: 'mbox', path: './Mail/mbox' }],
  ])('%s: SIGKILL at random times, then a poll that completes', async (type, deliver) => {
    for (let round = 0; round < 6; round += 1) {
      await using folder = await temporaryFolder();
      await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
      await writeConfiguration(folder.path, { port: server.address.port, deliver });
      const { process: child, ended } = startProgram(['fetch'], { cwd: folder.path });
      await expect
        .poll(() => storedOctets(folder.path), { interval: 1, timeout: 60_000 })
        .toBeGreaterThan(round * 4000);
      child.kill('SIGKILL');
      await ended;
      const last = await runProgram(['fetch', '--json'], { cwd: folder.path });
      expect(last).toMatchObject({ status: 0 });
      const expected = MAIL.map((message) => message.toString().replaceAll('\r\n', '\n'));
      const stored = type === 'maildir' ? await maildir(folder.path) : await mbox(folder.path);
      expect(stored.toSorted()).toEqual(expected.toSorted());
      expect(server.maildrop('alice').messages).toEqual([]);
      expect(await readdir(join(folder.path, 'Mail/tmp')).catch(() => [])).toEqual([]);
    }
  });

  it('SIGTERM ends the session properly: what is safe is deleted, the rest stays, exit 143', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: MAIL } },
      without: ['PIPELINING'],
      faults: [{ do: 'delay', command: 'RETR', ms: 300, sessions: 1 }],
    });
    await writeConfiguration(folder.path, { port: server.address.port });
    const { process: child, ended } = startProgram(['fetch', '--json'], { cwd: folder.path });
    await expect.poll(() => storedOctets(folder.path), { interval: 5, timeout: 60_000 }).toBeGreaterThan(100);
    child.kill('SIGTERM');
    const { status, stdout } = await ended;
    const report = JSON.parse(stdout) as {
      outcome: string;
      fetched: number;
      deleted: number;
      error: { code: string };
    };
    expect({ status, outcome: report.outcome, code: report.error.code }).toEqual({
      status: 143,
      outcome: 'failed',
      code: 'aborted',
    });
    expect(report.fetched).toBeGreaterThan(0);
    expect(report.deleted).toBe(report.fetched);
    expect(server.maildrop('alice').messages.length).toBe(COUNT - report.deleted);
  });
});

describe('a disk that is full', () => {
  beforeEach(requireRoot);

  it.for([
    ['maildir', { type: 'maildir', path: './disk/Mail' }],
    ['mbox', { type: 'mbox', path: './disk/mbox' }],
  ])('%s: exit 74, nothing is lost, and with room again all of it is carried', async ([type, deliver]) => {
    await using folder = await temporaryFolder();
    const disk = join(folder.path, 'disk');
    await mkdir(disk);
    await using _mounted = mountTiny(disk);
    const big = Buffer.from(`Subject: big\r\n\r\n${'x'.repeat(70)}\r\n`.padEnd(300_000, 'filler text\r\n'));
    const messages = [...MAIL.slice(0, 5), Buffer.concat([big, Buffer.from('\r\n')]), ...MAIL.slice(5, 8)];
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    await writeConfiguration(folder.path, { port: server.address.port, deliver });
    await writeFile(join(disk, 'filler'), Buffer.alloc(800_000));

    const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder.path });
    const report = JSON.parse(stdout) as {
      fetched: number;
      deleted: number;
      error: Record<string, string>;
    };
    expect({ status, code: report.error['code'] }).toEqual({ status: 74, code: 'disk-full' });
    expect(report.error['message']).toMatch(/^Cannot write to .*: the disk is full\.$/);
    expect(report.error['hint']).toMatch(/^Make room \(`df -h` and `df -i`/);
    expect(report.deleted).toBe(report.fetched);
    expect(server.maildrop('alice').messages.length).toBe(messages.length - report.deleted);

    await writeFile(join(disk, 'filler'), '');
    expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
    const stored =
      type === 'maildir' ? await maildir(folder.path, 'disk/Mail') : await mbox(folder.path, 'disk/mbox');
    const expected = messages.map((message) => message.toString().replaceAll('\r\n', '\n'));
    expect(stored.toSorted()).toEqual(expected.toSorted());
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

interface Step {
  readonly kind: 'data' | 'rename' | 'folder' | 'ledger' | 'DELE';
  /** Lines of the trace at which it began and ended. */
  readonly from: number;
  readonly at: number;
  readonly name: string;
}

/** The steps of a trace. A call that others interrupt counts as ended where it is resumed. */
function readSteps(trace: string): Step[] {
  const steps: Step[] = [];
  const open = new Map<string, { text: string; from: number }>();
  trace.split('\n').forEach((line, at) => {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.includes('<unfinished ...>')) open.set(pid, { text, from: at });
    else if (text.startsWith('<... ')) {
      const begun = open.get(pid);
      if (begun !== undefined) add(begun.text, begun.from, at);
    } else add(text, at, at);
  });
  return steps;

  function add(text: string, from: number, at: number): void {
    const data = /^f(?:data)?sync\(\d+<.*\/Mail\/tmp\/([^>]+)>/.exec(text)?.[1];
    const renamed = /^rename\w*\(.*\/Mail\/tmp\/([^"]+)"/.exec(text)?.[1];
    if (data !== undefined) steps.push({ kind: 'data', from, at, name: data });
    else if (renamed !== undefined) steps.push({ kind: 'rename', from, at, name: renamed });
    else if (/^f(?:data)?sync\(\d+<.*\/Mail\/new>/.test(text))
      steps.push({ kind: 'folder', from, at, name: '' });
    else if (/^f(?:data)?sync\(\d+<.*ledger\.db-wal>/.test(text))
      steps.push({ kind: 'ledger', from, at, name: '' });
    else if (/^writev?\(\d+<(?:TCP|socket)/.test(text)) {
      // Several commands may go out in one write.
      for (const [name] of text.matchAll(/DELE \d+/g)) steps.push({ kind: 'DELE', from, at, name });
    }
  }
}

async function storedOctets(folder: string): Promise<number> {
  const mboxOctets = (await readFile(join(folder, 'Mail/mbox')).catch(() => Buffer.alloc(0))).length;
  const names = await readdir(join(folder, 'Mail/new')).catch(() => []);
  return names.reduce((sum, name) => sum + Number(/,S=(\d+)$/.exec(name)?.[1] ?? 0), mboxOctets);
}

async function maildir(folder: string, path = 'Mail'): Promise<string[]> {
  const names = await readdir(join(folder, path, 'new'));
  return Promise.all(names.map((name) => readFile(join(folder, path, 'new', name), 'latin1')));
}

async function mbox(folder: string, path = 'Mail/mbox'): Promise<string[]> {
  const text = await readFile(join(folder, path), 'latin1');
  const messages = text.split(/^From .*\n/m).slice(1);
  return messages.map((message) => message.replace(/\n$/, '').replaceAll(/^>(>*From )/gm, '$1'));
}

/** A file system of 1 MB. Needs root, as in CI; elsewhere the test cannot run. */
function mountTiny(path: string): AsyncDisposable {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'pipe' });
  return {
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', path], { stdio: 'pipe' });
    },
  };
}
