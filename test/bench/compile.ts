import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where `npm run` starts everything: the clone. */
export const ROOT: string = process.cwd();
const BUILT = join(ROOT, 'node_modules/.cache/mailferry-bench');

/** Compiles a C file of this folder, a library where its name says so; the path of the result. */
export function compile(source: string): string {
  const from = join(ROOT, 'test/bench', source);
  const to = join(BUILT, source.replace('.c', source === 'slow-disk.c' ? '.so' : ''));
  mkdirSync(BUILT, { recursive: true });
  if (existsSync(to) && statSync(to).mtimeMs > statSync(from).mtimeMs) return to;
  const library = to.endsWith('.so') ? ['-shared', '-fPIC'] : [];
  execFileSync('cc', ['-O2', ...library, '-o', to, from, '-ldl'], { stdio: ['ignore', 'ignore', 'pipe'] });
  return to;
}
