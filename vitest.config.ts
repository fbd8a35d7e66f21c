import { defineConfig, type ViteUserConfig } from 'vitest/config';

const everyProject = {
  sequence: { shuffle: true },
  expect: { requireAssertions: true },
  setupFiles: ['test/support/fail-on-warning.ts'],
};

const config: ViteUserConfig = defineConfig({
  test: {
    // Most of the time a file waits for processes of its own; by default one processor would be left idle.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          ...everyProject,
          name: 'unit',
          // None waits for time to go by; a machine that is busy with others may be slow all the same.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/interop/**', 'test/torture/**', 'test/soak/**'],
        },
      },
      {
        // The built program as a child process, and programs that others wrote.
        test: {
          ...everyProject,
          name: 'e2e',
          include: [
            'test/e2e/**/*.test.ts',
            'test/interop/**/*.test.ts',
            'test/torture/**/*.test.ts',
            'test/soak/**/*.test.ts',
          ],
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
