import { execFileSync } from 'node:child_process';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** A configuration whose password command runs until somebody writes to `pipe`. */
async function withSlowPassword(folder: TemporaryFolder): Promise<void> {
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', folder.at('pipe')]);
  const password = { command: 'cat pipe' };
  await writeDaemonConfiguration(folder.path, { alice: { port: 1, password, schedule: 'every 1h' } });
}

/** Resolves when the password command runs; it does until this is closed. */
function commandRuns(folder: TemporaryFolder): Promise<FileHandle> {
  return open(folder.at('pipe'), 'w');
}

describe('I5: what a password command says when it fails', () => {
  it('is shown by fetch, and in no report, record, log or answer', async () => {
    await using folder = await temporaryFolder();
    const password = { command: 'echo hunter2 >&2; exit 3' };
    await writeDaemonConfiguration(folder.path, { alice: { port: 1, password, schedule: 'every 1h' } });
    const fetched = await runProgram(['fetch', '--json'], { cwd: folder.path });
    expect(fetched).toMatchObject({
      status: 78,
      stderr: 'alice: note: the password command said: hunter2\n',
      stdout: expect.stringContaining('"The password command ended with status 3."'),
    });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^the daemon runs/);
    const answers = [await daemon.ask('poll'), await daemon.ask('logs'), await daemon.ask('status')];
    expect(answers[2]?.stdout.replace(/\s+/g, ' ')).toContain('`mailferry doctor` shows it');
    const ended = await daemon.end();
    const files = ['ledger.db', 'ledger.db-wal'].map((name) => folder.at('state', name));
    const kept = await Promise.all(files.map((path) => readFile(path, 'latin1').catch(() => '')));
    const all = [fetched.stdout, ...answers.flatMap(({ stdout, stderr }) => [stdout, stderr]), ended.stderr];
    expect(kept.join('')).toContain('The password command ended');
    expect([...all, ...kept].filter((text) => text.includes('hunter2'))).toEqual([]);
  });
});

describe('while a password command runs', () => {
  it.each([
    ['fetch', 'SIGINT', 130],
    ['fetch', 'SIGTERM', 143],
    ['fetch --dry-run', 'SIGTERM', 143],
    ['doctor', 'SIGINT', 130],
    ['adopt alice', 'SIGINT', 130],
    ['run', 'SIGTERM', 0],
  ] as const)('%s ends at the first %s', async (command, signal, status) => {
    await using folder = await temporaryFolder();
    await withSlowPassword(folder);
    const { process: child, ended } = startProgram(command.split(' '), { cwd: folder.path });
    await using _running = await commandRuns(folder);
    child.kill(signal);
    const { status: found, stdout, stderr } = await ended;
    expect({ found }).toEqual({ found: status });
    expect(stdout + stderr).toContain('Stopped on request');
  });

  it('the daemon answers who lets it poll and does not wait', async () => {
    await using folder = await temporaryFolder();
    await withSlowPassword(folder);
    await using daemon = new RunningDaemon(folder.path);
    await using _running = await commandRuns(folder);
    expect(await daemon.ask('poll', '--no-wait')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await daemon.ask('poll', '--no-wait', 'nobody')).toMatchObject({ status: 64 });
    expect((await daemon.ask('status')).stdout).toMatch(/… alice +polling/);
    await daemon.end();
  });
});
