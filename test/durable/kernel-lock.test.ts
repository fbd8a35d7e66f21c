import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { takeKernelLock } from '../../src/durable/kernel-lock.ts';
import { findProgram, requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const HOLD =
  'import fcntl, sys; file = open(sys.argv[1], "r+"); fcntl.lockf(file, fcntl.LOCK_EX); print(flush=True); input()';

/** Another process that holds the lock, as mail programs do, until its input ends. */
async function holder(path: string): Promise<ChildProcess> {
  const child = spawn('python3', ['-c', HOLD, path], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return child;
}

/** Whether another process can take the lock now. */
function canBeTaken(path: string): boolean {
  return (
    spawnSync('python3', ['-c', HOLD.replace('LOCK_EX', 'LOCK_EX | fcntl.LOCK_NB'), path], { input: '\n' })
      .status === 0
  );
}

describe('the lock of fcntl(2)', () => {
  beforeEach(requirePrograms('python3', 'perl'));

  test('is not had while another process has it, and is once that one has ended', async () => {
    await using folder = await temporaryFolder();
    await using file = await open(folder.at('mbox'), 'w+');
    const other = await holder(folder.at('mbox'));
    expect(await takeKernelLock(file, 100)).toBeUndefined();
    other.stdin?.end('\n');
    await once(other, 'close');
    expect(await takeKernelLock(file, 100)).toBe('fcntl');
  });

  test('is had as soon as the other process gives it back', async () => {
    await using folder = await temporaryFolder();
    await using file = await open(folder.at('mbox'), 'w+');
    const other = await holder(folder.at('mbox'));
    const taken = takeKernelLock(file, 20_000);
    other.stdin?.end('\n');
    expect(await taken).toBe('fcntl');
  });

  test('keeps other processes away until the file is closed', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('mbox');
    const file = await open(path, 'w+');
    expect(canBeTaken(path)).toBe(true);
    await takeKernelLock(file, 100);
    expect(canBeTaken(path)).toBe(false);
    await file.close();
    expect(canBeTaken(path)).toBe(true);
  });

  test('keeps another descriptor of the same process away too', async () => {
    await using folder = await temporaryFolder();
    await using file = await open(folder.at('mbox'), 'w+');
    await using other = await open(folder.at('mbox'), 'r+');
    await takeKernelLock(file, 100);
    expect(await takeKernelLock(other, 100)).toBeUndefined();
  });
});

test.each([
  ['without perl, and with a flock(1) that does not know it: one of flock(2)', ['flock'], 'flock'],
  ['without either: none', [], 'none'],
] as const)('%s', async (_, programs, kind) => {
  await using folder = await temporaryFolder();
  await using file = await open(folder.at('mbox'), 'w+');
  for (const name of programs) {
    const script = `#!/bin/sh\n[ "$1" = --help ] && { echo -w; exit; }\nexec ${findProgram(name) ?? name} "$@"\n`;
    await writeFile(folder.at(name), script, { mode: 0o700 });
  }
  vi.stubEnv('PATH', folder.path);
  vi.resetModules();
  const anew = await import('../../src/durable/kernel-lock.ts');
  expect(await anew.takeKernelLock(file, 100)).toBe(kind);
});
