import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';

export type KernelLock = 'fcntl' | 'flock' | 'none';

/** What a helper exits with when the wait was in vain. */
const WAITED_IN_VAIN = 75;

/** How often perl tries, in milliseconds. */
const RETRY_MS = 50;

/**
 * F_OFD_SETLK (37) of Linux with a `struct flock` as it is where a long has 64 bits: F_WRLCK (1) on the whole file. Others
 * who have a lock show as EAGAIN (11) or EACCES (13).
 */
const PERL = `
  open my $file, '+<&=', 3 or exit 1;
  my $lock = pack 'ssx4qqix4', 1, 0, 0, 0, 0;
  for (0 .. shift) {
    exit 0 if fcntl $file, 37, $lock;
    exit 1 unless $! == 11 || $! == 13;
    select undef, undef, undef, ${RETRY_MS / 1000};
  }
  exit ${WAITED_IN_VAIN};`;

const PERL_FITS = `exit !($^O eq 'linux' && length pack('l!', 0) == 8)`;

/** A program that locks the descriptor it has as number 3. */
interface Helper {
  readonly kind: KernelLock;
  readonly command: (patienceMs: number) => readonly string[];
}

let helper: Promise<Helper | undefined> | undefined;

/**
 * Locks an open file for us alone, as far as this system allows. Node has no such call, so a program takes the lock on
 * our descriptor: it belongs to the open file description, which we share with that program and keep. Such a lock of
 * fcntl(2) is one that lockf(3) of other programs sees. It is had from flock(1) where that knows `--fcntl` (util-linux
 * 2.41), else from perl, a part of every Debian; without either there is one of flock(2), or none. The lock ends when
 * the file is closed, also by our death. Resolves to the kind of lock, or undefined when others hold it.
 */
export async function takeKernelLock(file: FileHandle, patienceMs: number): Promise<KernelLock | undefined> {
  const { kind, command } = (await (helper ??= findHelper())) ?? {};
  if (kind === undefined || command === undefined) return 'none';
  const { status } = await run(command(Math.max(0, patienceMs)), file.fd);
  return status === WAITED_IN_VAIN ? undefined : status === 0 ? kind : 'none';
}

async function findHelper(): Promise<Helper | undefined> {
  const { text } = await run(['flock', '--help']);
  if (text.includes('--fcntl'))
    return { kind: 'fcntl', command: (patienceMs) => flock(patienceMs, '--fcntl') };
  const { status } = await run(['perl', '-e', PERL_FITS]);
  if (status === 0) {
    const tries = (patienceMs: number): string => String(Math.ceil(patienceMs / RETRY_MS));
    return { kind: 'fcntl', command: (patienceMs) => ['perl', '-e', PERL, tries(patienceMs)] };
  }
  return text.includes('-w') ? { kind: 'flock', command: (patienceMs) => flock(patienceMs) } : undefined;
}

function flock(patienceMs: number, ...flags: readonly string[]): readonly string[] {
  return ['flock', ...flags, '-x', '-w', String(patienceMs / 1000), '-E', String(WAITED_IN_VAIN), '3'];
}

function run(
  [command = '', ...words]: readonly string[],
  descriptor?: number,
): Promise<{ readonly status: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'ignore', descriptor ?? 'ignore'] });
    let text = '';
    child.stdout?.on('data', (block: Buffer) => (text += block.toString('latin1')));
    child.on('error', () => resolve({ status: null, text }));
    child.on('close', (status) => resolve({ status, text }));
  });
}
