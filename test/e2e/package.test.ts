import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Without its scripts, so that the program that other tests run is not built anew under them. */
async function pack(folder: string): Promise<Packed> {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', words, { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 });
  const [packed] = JSON.parse(stdout) as Packed[];
  return packed ?? expect.fail('nothing was packed');
}

describe('the package', () => {
  it('holds what is needed and nothing else', async () => {
    await using folder = await temporaryFolder();
    const { files } = await pack(folder.path);
    const paths = files.map(({ path }) => path);
    for (const needed of [
      'bin/mailferry.js',
      'bin/code.js',
      'dist/cli/mailferry.cjs',
      'dist/index.d.ts',
      'docs/man/mailferry.1',
      'docs/mailferry.schema.json',
      'examples/minimal.yaml',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'package.json',
    ]) {
      expect(paths).toContain(needed);
    }
    expect(
      paths.filter((path) =>
        /^(?:src|test|node_modules|dist\/(?:daemon|doctor|peers|setup|cli\/[\w-]+))\/|\.ts$(?<!\.d\.ts)|\.map$|\.cache$|\.tgz$|tsconfig|(?:^|\/)\./.test(
          path,
        ),
      ),
    ).toEqual([]);
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(3_800_000);
  });

  it('installs with scripts disabled, and runs', async () => {
    await using folder = await temporaryFolder();
    const { filename } = await pack(folder.path);
    await writeFile(folder.at('package.json'), '{ "private": true }');
    const words = [
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      '--omit=dev',
      '--no-audit',
      '--no-fund',
      folder.at(filename),
    ];
    await run('npm', words, { cwd: folder.path });
    const npx = (...more: string[]): Promise<{ stdout: string }> =>
      run('npx', ['--no-install', 'mailferry', ...more], {
        cwd: folder.path,
        env: { ...process.env, TMPDIR: folder.path },
      });
    expect((await npx('--help')).stdout).toContain('Usage: mailferry');
    expect((await npx('demo', '--messages', '3')).stdout).toContain('✓ every octet as it was sent');
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await npx('--version')).stdout.trim()).toBe(version);
    const used = `import { createServer } from 'mailferry/server'; import { connect } from 'mailferry/client'; import { App } from 'mailferry'; console.log([createServer, connect, App].map((it) => typeof it).join());`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', used], { cwd: folder.path });
    expect(stdout.trim()).toBe('function,function,function');
  });
});
