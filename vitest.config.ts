import { accessSync, constants, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const MEMORY = '/dev/shm';

/** More than all unit tests hold at one time, several times over. */
const MEMORY_OCTETS = 512e6;

const everyProject = {
  sequence: { shuffle: true },
  expect: { requireAssertions: true },
  setupFiles: ['test/support/fail-on-warning.ts', 'test/support/end-programs.ts'],
};

const OF_THE_PROGRAM = ['test/e2e/', 'test/interop/', 'test/torture/', 'test/soak/'];

const unit = {
  ...everyProject,
  // None waits for time to go by; a machine that is busy with others may be slow all the same.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  include: ['test/**/*.test.ts'],
  // What is fsynced, and in which order, is held by spies, and by traces of the built program on a disk: here it only waits.
  env: isUsable(MEMORY) ? { TMPDIR: MEMORY } : {},
  // What one file has replaced is nothing to the next one in the same process.
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
};

/** Those that replace modules of the program, or load them anew, which others in the same process would notice. */
const unitAlone = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((path) => path.endsWith('.test.ts') && !OF_THE_PROGRAM.some((folder) => path.startsWith(folder)))
  .filter((path) => /\bvi\.(?:mock|resetModules)\(/.test(readFileSync(path, 'utf8')));

/** Whether there is room in a folder, and a program that a test writes into it may run: a hardened system forbids that in memory. */
function isUsable(folder: string): boolean {
  const program = `${folder}/mailferry-may-run-${process.pid}`;
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < MEMORY_OCTETS) return false;
    writeFileSync(program, '', { mode: 0o700 });
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(program, { force: true });
  }
}

const config: ViteUserConfig = defineConfig({
  test: {
    // Most of the time a file waits for processes of its own; by default one processor would be left idle.
    maxWorkers: '100%',
    projects: [
      // Most of the time of a short test would go to loading the program: files share their processes.
      {
        test: {
          ...unit,
          name: 'unit',
          isolate: false,
          exclude: [...OF_THE_PROGRAM.map((folder) => `${folder}**`), ...unitAlone],
        },
      },
      { test: { ...unit, name: 'unit-alone', include: unitAlone } },
      {
        // The built program as a child process, and programs that others wrote.
        test: {
          ...everyProject,
          name: 'e2e',
          include: OF_THE_PROGRAM.map((folder) => `${folder}**/*.test.ts`),
          // Needs a loop device and Btrfs, which not every machine has: a part of `npm run torture` only.
          exclude: ['test/torture/quota.test.ts'],
          // Real programs on a machine that may be busy with others: this only ends what hangs.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});

export default config;
