import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';

export type KernelLock = 'fcntl' | 'flock' | 'none';

/** What util-linux' flock(1) exits with when the wait was in vain. */
const WAITED_IN_VAIN = 75;

let supported: KernelLock | undefined;

/**
 * Locks an open file for us alone, as far as this system allows. Node has no such call, so flock(1) of util-linux
 * takes the lock on our descriptor: it belongs to the open file description, which we share with that program
 * and keep. Where flock(1) knows `--fcntl` (util-linux 2.41), that lock is one that fcntl(2) and lockf(3) of
 * other programs see; older ones give a flock(2) lock; without flock(1) there is none. The lock ends when the
 * file is closed, also by our death. Resolves to the kind of lock, or undefined when others hold it.
 */
export async function takeKernelLock(file: FileHandle, patienceMs: number): Promise<KernelLock | undefined> {
  supported ??= await probe();
  if (supported === 'none') return 'none';
  const seconds = String(Math.max(1, Math.ceil(patienceMs / 1000)));
  const status = await runFlock(
    [...(supported === 'fcntl' ? ['--fcntl'] : []), '-x', '-w', seconds],
    file.fd,
  );
  return status === WAITED_IN_VAIN ? undefined : status === 0 ? supported : 'none';
}

async function probe(): Promise<KernelLock> {
  const help = await new Promise<string>((resolve) => {
    const child = spawn('flock', ['--help'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (block: Buffer) => (text += block.toString('latin1')));
    child.on('error', () => resolve(''));
    child.on('close', () => resolve(text));
  });
  if (help.includes('--fcntl')) return 'fcntl';
  return help.includes('-w') ? 'flock' : 'none';
}

function runFlock(flags: readonly string[], descriptor: number): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn('flock', [...flags, '-E', String(WAITED_IN_VAIN), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
}
