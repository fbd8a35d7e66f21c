import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** `npm run torture`: the whole matrix. `npm test` runs a short form of the same files, but for the quota. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/torture/**/*.test.ts'],
    setupFiles: ['test/support/fail-on-warning.ts', 'test/support/end-programs.ts'],
    expect: { requireAssertions: true },
    reporters: ['./test/torture/reporter.ts'],
    env: { MAILFERRY_TORTURE: process.env['MAILFERRY_TORTURE'] ?? 'full' },
    // The tests of a file share out the processors among themselves.
    fileParallelism: false,
    testTimeout: 60 * 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
