import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.ts';

/** What one run of a program took. */
export interface Taken {
  readonly seconds: number;
  /** Processor time in seconds, of user and system. */
  readonly cpu: number;
  readonly residentMb: number;
  readonly fsyncs: number;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end under `time`, each fsync counted and slowed down. */
export async function runMeasured(
  command: readonly string[],
  { folder, prefix, fsyncDelay }: { folder: string; prefix: readonly string[]; fsyncDelay: number },
): Promise<Taken> {
  const timing = join(folder, 'time');
  const count = join(folder, 'fsyncs');
  const [first = '', ...rest] = [
    ...prefix,
    'time',
    '-f',
    '%e %U %S %M',
    '-o',
    timing,
    'env',
    ...(fsyncDelay > 0 ? [`LD_PRELOAD=${compile('slow-disk.c')}`] : []),
    `SLOW_DISK_MS=${fsyncDelay}`,
    `SLOW_DISK_COUNT=${count}`,
    ...command,
  ];
  const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, HOME: folder, LANG: 'C.UTF-8', USER: 'root' };
  const child = spawn(first, rest, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (block: Buffer) => (stdout += block.toString()));
  child.stderr.on('data', (block: Buffer) => (stderr += block.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // GNU time puts "Command exited with non-zero status" before its figures.
  const figures = readFileSync(timing, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  const [seconds = 0, user = 0, system = 0, residentKb = 0] = figures;
  const counts = existsSync(count) ? readFileSync(count, 'utf8').trim().split('\n').map(Number) : [];
  const fsyncs = counts.reduce((sum, one) => sum + one, 0);
  return { seconds, cpu: user + system, residentMb: residentKb / 1024, fsyncs, status, stdout, stderr };
}

/** How many of the expected messages a Maildir holds octet by octet, and how many files it has. */
export async function verifyMaildir(
  path: string,
  expected: ReadonlyMap<string, number>,
): Promise<{ equal: number; files: number }> {
  const left = new Map(expected);
  let equal = 0;
  let files = 0;
  for (const folder of ['new', 'cur']) {
    if (!existsSync(join(path, folder))) continue;
    for (const name of readdirSync(join(path, folder))) {
      files += 1;
      const hash = createHash('sha256');
      for await (const block of createReadStream(join(path, folder, name))) hash.update(block as Buffer);
      const digest = hash.digest('hex');
      const count = left.get(digest) ?? 0;
      if (count > 0) equal += 1;
      left.set(digest, count - 1);
    }
  }
  return { equal, files };
}
