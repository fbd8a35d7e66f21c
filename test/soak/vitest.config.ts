import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** `npm run soak`: 200 accounts for minutes. `npm test` runs a short form. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/soak/**/*.test.ts'],
    setupFiles: ['test/support/fail-on-warning.ts', 'test/support/end-programs.ts'],
    expect: { requireAssertions: true },
    env: { MAILFERRY_SOAK: 'full' },
    disableConsoleIntercept: true,
    testTimeout: 60 * 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
