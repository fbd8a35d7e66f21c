import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { withLockedMbox } from '../../../src/delivery/mbox/lock.ts';
import { takeKernelLock } from '../../../src/durable/kernel-lock.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

vi.mock('../../../src/durable/kernel-lock.ts');

/** What another program, which had the kernel's lock, did before each time that it was given to us. */
function whenLocked(...acts: readonly (() => Promise<void>)[]): void {
  const left = [...acts];
  vi.mocked(takeKernelLock).mockImplementation(async () => {
    await left.shift()?.();
    return 'flock';
  });
}

test('an mbox that was replaced while we waited for its lock is opened again', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  await writeFile(path, 'old');
  const replace = (text: string) => async (): Promise<void> => {
    await writeFile(folder.at('next'), text);
    await rename(folder.at('next'), path);
  };
  whenLocked(replace('newer'), () => rm(path), replace('newest'));
  await withLockedMbox(path, new FakeRuntime(), async (file) => {
    expect((await file.readFile()).toString()).toBe('newest');
    await file.write('!', 0);
  });
  expect(await readFile(path, 'utf8')).toBe('!ewest');
});

test('an mbox that is replaced again and again is given up when patience is over', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  const runtime = new FakeRuntime();
  vi.mocked(takeKernelLock).mockImplementation(async () => {
    await rm(path);
    runtime.advance(10_000);
    return 'flock';
  });
  const locked = withLockedMbox(path, runtime, () => Promise.resolve());
  await expect(locked).rejects.toMatchObject({ code: 'destination-locked' });
});

test('the error of what was done under the lock is raised, also when the lock cannot be given back', async () => {
  await using folder = await temporaryFolder();
  whenLocked();
  const locked = withLockedMbox(folder.at('mbox'), new FakeRuntime(), async (file) => {
    await file.close();
    throw new Error('the disk is full');
  });
  await expect(locked).rejects.toThrow('the disk is full');
});
