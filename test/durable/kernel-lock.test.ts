import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { takeKernelLock } from '../../src/durable/kernel-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasFlock = spawnSync('flock', ['--version']).status === 0;

/** Another process that holds the lock until its input ends. */
async function holder(path: string): Promise<ChildProcess> {
  const child = spawn('flock', ['-x', path, '-c', 'echo locked; cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return child;
}

describe.skipIf(!hasFlock)('a kernel lock (needs flock of util-linux)', () => {
  test('is not had while another process has it, and is once that one has ended', async () => {
    await using folder = await temporaryFolder();
    const file = await open(folder.at('mbox'), 'w+');
    const other = await holder(folder.at('mbox'));
    expect(await takeKernelLock(file, 1)).toBeUndefined();
    other.stdin?.end();
    await once(other, 'close');
    expect(await takeKernelLock(file, 1)).toMatch(/^(fcntl|flock)$/);
    await file.close();
  });

  test('keeps other processes away until the file is closed', async () => {
    await using folder = await temporaryFolder();
    const file = await open(folder.at('mbox'), 'w+');
    await takeKernelLock(file, 1);
    const tryLock = (): number | null => spawnSync('flock', ['-n', folder.at('mbox'), 'true']).status;
    expect(tryLock()).toBe(1);
    await file.close();
    expect(tryLock()).toBe(0);
  });
});
